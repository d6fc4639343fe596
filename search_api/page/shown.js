/** Keeps the query in sight: its picture, its name, and a strip once it has scrolled away. */

import { thumbnail } from "./api.js";
import { byId, make } from "./elements.js";
import { size } from "./wording.js";

/** Pixels of the longer side of a preview that is asked for. */
export const PREVIEW = "768";

const LATER_MS = 2000;

/** What browsers paint; some paint more. */
const PAINTED = /^image\/(jpeg|png|webp|gif|avif|bmp)$/;

let preview = "";
let spare = ""; // where the picture is to be had if the browser cannot paint it

/** Shows the strip while the query is out of sight. */
export function watchStrip() {
  const watcher = new IntersectionObserver(([entry]) => {
    const gone = !entry.isIntersecting && entry.boundingClientRect.bottom < 0;
    byId("strip").hidden = !gone; // the start page shows no frame, so that one is never gone from it
  });
  watcher.observe(byId("frame"));
  byId("strip-up").addEventListener("click", () => {
    scrollTo({ top: 0, behavior: "smooth" });
    byId("query").querySelector("#pick").focus({ preventScroll: true });
  });
}

/**
 * Whether the API is to be asked for a picture of the query: no foreign address is loaded from here,
 * and not every file can be painted.
 * @param {import("./api.js").Query} query
 * @returns {boolean}
 */
export const needsPreview = (query) => ("file" in query ? !PAINTED.test(query.file.type) : !("imageId" in query));

/**
 * Shows the query, before its answer is known.
 * @param {import("./api.js").Query} query
 */
export function showQuery(query) {
  URL.revokeObjectURL(preview);
  preview = spare = "";
  let [name, facts, source] = ["Picture by its image_id", "", ""];
  if ("file" in query) {
    source = preview = URL.createObjectURL(query.file);
    [name, facts] = [query.file.name || "Pasted picture", size(query.file.size)];
  } else if ("imageId" in query) {
    source = thumbnail(query.imageId, 1024);
  } else if ("url" in query) {
    [name, facts] = urlWords(query.url);
  } else {
    name = query.key;
  }
  showPicture(source);
  describe(name, facts);
  byId("choose-word").textContent = "Choose another";
}

/** Empties the box. */
export function hideQuery() {
  byId("strip").hidden = true;
  byId("choose-word").textContent = "Choose a picture";
}

/**
 * Adds what the answer knows of the query.
 * @param {import("./api.js").Query} query
 * @param {import("./api.js").Answer} answer
 */
export function describeQuery(query, answer) {
  const { image_id: imageId, width, height, known, preview: made } = answer.query;
  const itself = answer.hits.find((hit) => hit.match === "exact");
  const bytes = "file" in query ? query.file.size : itself?.bytes;
  const facts = ["url" in query && urlWords(query.url)[1], width && `${width} × ${height}`, bytes && size(bytes)].filter(Boolean).join(" · ");
  const name = "imageId" in query && itself ? itself.objects[0].key : byId("shown-name").textContent;
  describe(name, facts);
  if (width) setShape(width, height);
  spare = made ?? (known ? thumbnail(imageId, Number(PREVIEW)) : "");
  if (spare && picture().classList.contains("absent")) showPicture(spare);
}

/** @returns {HTMLImageElement} the query's picture; `absent` in its class where it cannot be shown. */
export const picture = () => /** @type {HTMLImageElement} */ (byId("shown-picture"));

function describe(name, facts) {
  byId("shown-name").replaceChildren(make("bdi", { title: name }, name));
  byId("shown-facts").textContent = facts;
  byId("strip-words").replaceChildren(make("bdi", {}, name));
}

/** @param {string} url @returns {string[]} its file's name and its host, as far as it has them. */
function urlWords(url) {
  if (!URL.canParse(url)) return [url, ""];
  const { hostname, pathname } = new URL(url);
  return [pathname.split("/").pop() || hostname, hostname];
}

/**
 * A new element each time, so that no earlier picture stands in, nor its late error counts.
 * @param {string} source a thumbnail may be refused for a moment, so it is asked for once more.
 * @param {{again: boolean}} [how] whether it is that once.
 */
function showPicture(source, { again } = { again: false }) {
  const image = /** @type {HTMLImageElement} */ (make("img", {
    id: "shown-picture", alt: "The picture you are looking for", draggable: "false",
  }));
  const shown = (is) => {
    image.classList.toggle("absent", !is);
    byId("frame").classList.toggle("bare", !is);
    /** @type {HTMLButtonElement} */ (byId("pick")).disabled = !is;
    byId("strip-picture").classList.toggle("absent", !is);
  };
  image.addEventListener("error", () => {
    if (!image.isConnected) return;
    if (spare && source !== spare) return showPicture(spare);
    shown(false);
    if (again || !source.startsWith("/")) return;
    setTimeout(() => { if (image.isConnected) showPicture(source, { again: true }); }, LATER_MS);
  });
  image.addEventListener("load", () => {
    if (!image.isConnected) return;
    setShape(image.naturalWidth, image.naturalHeight);
    shown(true);
  });
  shown(Boolean(source));
  if (source) image.src = byId("strip-picture").src = source;
  picture().replaceWith(image);
}

/** The frame gets the picture's own shape, so that a detail's place is a share of the frame. */
function setShape(width, height) {
  byId("frame").style.setProperty("--ratio", String(width / height));
}
