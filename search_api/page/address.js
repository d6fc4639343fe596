/** The address bar: what is searched for, as far as it can be shared. */

/** @type {Map<number, File>} uploads of this visit, so that going back finds them. */
const uploads = new Map();

/**
 * Reads the query and the filters from the address.
 * @returns {{query: ?import("./api.js").Query, filters: import("./api.js").Filters}}
 */
export function read() {
  const fields = new URLSearchParams(location.search);
  const least = Number(fields.get("min_similarity"));
  const filters = { bucket: fields.get("bucket") ?? "", least: least > 0 && least <= 1 ? least : 0 };
  const file = uploads.get(history.state?.upload);
  if (file) return { query: { file }, filters };
  if (fields.get("image_id")) return { query: { imageId: fields.get("image_id") }, filters };
  if (fields.get("url")) return { query: { url: fields.get("url") }, filters };
  return { query: null, filters };
}

/**
 * Writes the query and the filters into the address.
 * @param {?import("./api.js").Query} query
 * @param {import("./api.js").Filters} filters
 * @param {{replace?: boolean, imageId?: string}} [how] `imageId`: the indexed image that an uploaded
 *   picture turned out to be.
 */
export function write(query, filters, { replace = false, imageId } = {}) {
  const fields = new URLSearchParams();
  const known = query && "imageId" in query ? query.imageId : imageId;
  if (known) fields.set("image_id", known);
  if (query && "url" in query) fields.set("url", query.url);
  if (filters.bucket) fields.set("bucket", filters.bucket);
  if (filters.least) fields.set("min_similarity", String(filters.least));
  const state = query && "file" in query ? { upload: numberOf(query.file) } : {};
  const address = fields.size ? `/?${fields}` : "/";
  if (replace) history.replaceState(state, "", address);
  else history.pushState(state, "", address);
}

function numberOf(file) {
  for (const [number, known] of uploads) if (known === file) return number;
  // Far apart from the numbers of an earlier load of the page, which the history still holds.
  const number = Date.now() + uploads.size;
  uploads.set(number, file);
  return number;
}
