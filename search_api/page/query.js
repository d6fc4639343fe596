/** The box: takes a picture by drop, paste or choice, and keeps it in sight. */

import { thumbnail } from "./api.js";
import { byId, make } from "./elements.js";
import { size } from "./wording.js";

const IMAGE_ID = /^[0-9a-f]{64}$/i;
let preview = "";

/**
 * Listens for pictures anywhere on the page.
 * @param {(query: import("./api.js").Query) => void} take
 */
export function listen(take) {
  const input = /** @type {HTMLInputElement} */ (byId("file"));
  input.addEventListener("change", () => {
    const [file] = input.files;
    if (file) take({ file });
    input.value = ""; // so that the same file can be chosen again
  });
  document.addEventListener("paste", (event) => {
    const query = fromTransfer(event.clipboardData);
    if (query) take(query);
  });
  listenForDrops(take);
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
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    show(0);
    const query = fromTransfer(event.dataTransfer);
    if (query) take(query);
  });
}

/**
 * Reads a query out of what was dropped or pasted.
 * @param {?DataTransfer} transfer
 * @returns {?import("./api.js").Query} the first file, an image_id or a web address.
 */
function fromTransfer(transfer) {
  const [file] = transfer?.files ?? [];
  if (file) return { file };
  const text = (transfer?.getData("text/plain") ?? "").trim();
  if (IMAGE_ID.test(text)) return { imageId: text.toLowerCase() };
  return /^https?:\/\/\S+$/.test(text) ? { url: text } : null;
}

/**
 * Shows the query, before its answer is known.
 * @param {import("./api.js").Query} query
 */
export function showQuery(query) {
  URL.revokeObjectURL(preview);
  preview = "";
  let [name, facts, source] = ["A picture of the library", "", ""];
  if ("file" in query) {
    source = preview = URL.createObjectURL(query.file);
    [name, facts] = [query.file.name || "Pasted picture", size(query.file.size)];
  } else if ("imageId" in query) {
    source = thumbnail(query.imageId, 512);
  } else {
    name = query.url;
  }
  showPicture(source);
  byId("shown-name").textContent = name;
  byId("shown-facts").textContent = facts;
  byId("shown").hidden = false;
  byId("choose-word").textContent = "Choose another";
}

/** A new element each time, so that no earlier picture stands in, nor its late error counts. */
function showPicture(source) {
  const picture = make("img", { id: "shown-picture", alt: "The picture you are looking for" });
  // A browser may not paint what Seenit reads, such as TIFF.
  picture.addEventListener("error", () => picture.classList.add("absent"));
  if (source) picture.src = source;
  else picture.classList.add("absent");
  byId("shown-picture").replaceWith(picture);
}

/**
 * Adds what the answer knows of the query.
 * @param {import("./api.js").Query} query
 * @param {import("./api.js").Answer} answer
 */
export function describeQuery(query, answer) {
  const { width, height } = answer.query;
  const itself = answer.hits.find((hit) => hit.match === "exact");
  const bytes = "file" in query ? query.file.size : itself?.bytes;
  byId("shown-facts").textContent = [width && `${width} × ${height}`, bytes && size(bytes)].filter(Boolean).join(" · ");
  if ("imageId" in query && itself) byId("shown-name").textContent = itself.objects[0].key;
}

/** Empties the box. */
export function hideQuery() {
  byId("shown").hidden = true;
  byId("choose-word").textContent = "Choose a picture";
}
