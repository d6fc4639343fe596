/** Takes a picture by drop, paste, choice, camera or name. */

import { namedIn } from "./address.js";
import { byId } from "./elements.js";

const TYPED = "textarea, [type=text], [type=password], [type=number], [type=date]";
const ONE_OF_SEVERAL = "Seenit searches with one picture at a time: the first of these.";
const IMAGE_ID = /^[0-9a-f]{64}$/i;
const WEB_ADDRESS = /^https?:\/\/\S+$/i;
const OBJECT = /^(?!\w+:\/\/)([^/]+)\/(.+)$/s;
const CALL = /^\/v1\/(?:content|objects)\/([^/]+)\/(.+)$/;

/**
 * Listens for pictures anywhere on the page.
 * @param {(query: import("./api.js").Query, remark?: string) => void} take
 */
export function listen(take) {
  for (const id of ["file", "camera"]) listenForChoice(/** @type {HTMLInputElement} */ (byId(id)), take);
  document.addEventListener("paste", (event) => {
    const typing = /** @type {HTMLElement} */ (event.target).closest(TYPED);
    if (!typing || event.clipboardData.files.length) takeFrom(event.clipboardData, take); // a picture is no text
  });
  listenForDrops(take);
  listenForNames(take);
}

/** @param {boolean} searched whether this Seenit searches web addresses; else only names are asked for. */
export function offerAddresses(searched) {
  const field = /** @type {HTMLInputElement} */ (byId("where"));
  field.placeholder = searched ? "Web address, or bucket/key" : "bucket/key or image_id";
  field.setAttribute("aria-label", searched ? "Web address, image_id or bucket/key" : field.placeholder);
  field.inputMode = searched ? "url" : "text";
}

function listenForChoice(input, take) {
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) take({ file });
    input.value = ""; // so that the same file can be chosen again
  });
}

function listenForDrops(take) {
  const veil = byId("veil");
  let inside = 0; // enter and leave come for every element that is crossed
  const show = (depth) => {
    inside = Math.max(0, depth);
    veil.hidden = inside === 0;
  };
  document.addEventListener("dragenter", () => show(inside + 1));
  document.addEventListener("dragleave", () => show(inside - 1));
  document.addEventListener("dragend", () => show(0));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    show(0);
    takeFrom(event.dataTransfer, take);
  });
}

function listenForNames(take) {
  const field = /** @type {HTMLInputElement} */ (byId("where"));
  byId("address").addEventListener("submit", (event) => {
    event.preventDefault();
    const query = named(field.value);
    byId("where-wrong").textContent = query ? "" : "This is neither a web address nor a name in the library.";
    if (!query) return;
    field.value = "";
    take(query);
  });
  field.addEventListener("input", () => { byId("where-wrong").textContent = ""; });
}

/** Takes the first picture, or what the text names; of a picture of this very page, its name. */
function takeFrom(transfer, take) {
  const files = [...transfer?.files ?? []];
  const file = files.find(({ type }) => type.startsWith("image/")) ?? files[0];
  const text = transfer?.getData("text/uri-list").split("\n")[0] || transfer?.getData("text/plain") || "";
  const name = named(text, { objects: false });
  const query = file && !(name && "imageId" in name) ? { file } : name;
  if (query) take(query, files.length > 1 ? ONE_OF_SEVERAL : "");
}

/**
 * Reads what a text names.
 * @param {string} text an image_id, a web address (of a search here, too) or `bucket/key`.
 * @param {{objects?: boolean}} [which] `objects`: whether any text with a slash names an object.
 * @returns {?import("./api.js").Query}
 */
export function named(text, { objects = true } = {}) {
  const name = text.trim();
  if (IMAGE_ID.test(name)) return { imageId: name.toLowerCase() };
  if (WEB_ADDRESS.test(name)) {
    if (!URL.canParse(name)) return null;
    const address = new URL(name);
    return (address.origin === location.origin && ownNamed(address)) || { url: name };
  }
  const [, bucket, key] = (objects && OBJECT.exec(name)) || [];
  return key ? { bucket, key } : null;
}

/** Reads what an address of this very Seenit names: of a search, of a picture in the library, of the API. */
function ownNamed({ pathname, searchParams }) {
  const imageId = searchParams.get("image") ?? /[0-9a-f]{64}/.exec(pathname)?.[0];
  const [, ...object] = CALL.exec(pathname) ?? [];
  if (imageId) return { imageId };
  if (!object.length) return namedIn(searchParams);
  try {
    const [bucket, key] = object.map(decodeURIComponent);
    return { bucket, key };
  } catch {
    return null; // such a name is never indexed
  }
}
