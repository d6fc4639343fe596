/** Where in the library one is, as the address says it. Knows nothing of the page. */

/**
 * @typedef {object} Place
 * @property {string} bucket none means all of them.
 * @property {string} prefix a folder (up to its last slash), and what names in it start with.
 * @property {boolean} flat whether folders are opened: all that is below stands side by side.
 * @property {boolean} rejected whether what could not be indexed is shown instead.
 * @property {string} reason only rejections of this one; none means all.
 * @property {string} image the picture that is looked at; none means none.
 */

/** @type {Place} */
const TOP = { bucket: "", prefix: "", flat: false, rejected: false, reason: "", image: "" };

/**
 * Reads a place.
 * @param {string} search an address's query string.
 * @returns {Place}
 */
export function read(search) {
  const fields = new URLSearchParams(search);
  const named = (name) => fields.get(name) ?? "";
  const rejected = named("state") === "rejected";
  return {
    bucket: named("bucket"), prefix: named("prefix"), image: named("image"), rejected,
    flat: fields.has("flat"), reason: rejected ? named("reason") : "",
  };
}

/**
 * Writes a place, such that `read` reads it.
 * @param {Partial<Place>} place what it leaves out is as in `TOP`.
 * @returns {string}
 */
export function addressOf(place) {
  const { bucket, prefix, flat, rejected, reason, image } = { ...TOP, ...place };
  const fields = new URLSearchParams();
  if (rejected) fields.set("state", "rejected");
  if (reason) fields.set("reason", reason);
  if (bucket) fields.set("bucket", bucket);
  if (prefix) fields.set("prefix", prefix);
  if (flat) fields.set("flat", "");
  if (image) fields.set("image", image);
  return fields.size ? `/library?${fields}` : "/library";
}

/**
 * Splits a prefix.
 * @param {string} prefix
 * @returns {{folder: string, starts: string}} up to the last slash, and the rest.
 */
export function parted(prefix) {
  const cut = prefix.lastIndexOf("/") + 1;
  return { folder: prefix.slice(0, cut), starts: prefix.slice(cut) };
}

/**
 * Names the folders that a folder is in, and itself.
 * @param {string} folder ends in a slash, or is none.
 * @returns {{name: string, prefix: string}[]} the outermost first.
 */
export function foldersOf(folder) {
  const names = folder.split("/").slice(0, -1);
  return names.map((name, n) => ({ name, prefix: `${names.slice(0, n + 1).join("/")}/` }));
}
