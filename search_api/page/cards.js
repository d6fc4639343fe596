/** One hit, one card; one object of the library, one tile. */

import { thumbnail } from "./api.js";
import { keyText, make } from "./elements.js";
import { matchWords, viewWords } from "./verdicts.js";
import { percent, places, size } from "./wording.js";

const CARD = 512;
const TILE = 192;
const SHARP_TILE = 256; // not twice as many: six of those would weigh more than all the rest of the page
const LATER_MS = 2000;

/**
 * Shows a hit with the places it is found in.
 * @param {import("./api.js").Hit} hit
 * @param {import("./verdicts.js").Thresholds} thresholds
 * @returns {HTMLLIElement}
 */
export function card(hit, thresholds) {
  const [first, ...others] = hit.objects;
  const how = hit.match === "similar" ? "" : viewWords(hit); // what merely looks alike was not found anywhere
  return make(
    "li", { class: `card ${hit.match}`, "data-image-id": hit.image_id, "data-box": hit.box ?? undefined },
    make(
      "div", { class: "shot" },
      make(
        "button", { class: "picture", type: "button", "data-compare": hit.image_id, "aria-label": `Compare with ${first.key}` },
        image(hit.image_id, CARD, hit),
      ),
      again(hit.image_id, first.key),
    ),
    make(
      "div", { class: "words" },
      make(
        "p", { class: "match" },
        make("span", { class: "badge" }, matchWords(hit, thresholds)),
        make("span", { class: "unseen" }, " similarity "),
        make("span", { class: "figure", title: "similarity" }, percent(hit.similarity)),
      ),
      how ? make("p", { class: "view" }, `Found ${how}`) : null,
      ...whereabouts(first, `${hit.width} × ${hit.height} · ${hit.format} · ${size(hit.bytes)}`),
      others.length ? otherPlaces(others) : null,
    ),
  );
}

/**
 * Shows an object of the library.
 * @param {{image_id: string, bucket: string, key: string}} object
 * @returns {HTMLLIElement}
 */
export function tile({ image_id: imageId, bucket, key }) {
  const name = `Search with ${key}`;
  const picture = image(imageId, TILE);
  picture.srcset = `${thumbnail(imageId, SHARP_TILE)} 2x`;
  const shown = make(
    "a", { class: "picture", href: searchAddress(imageId), "data-search": imageId, title: `${bucket}/${key}`, "aria-label": name },
    picture,
  );
  return make("li", { class: "tile" }, shown);
}

/** @param {string} imageId @returns {string} the page's own address for this search. */
export const searchAddress = (imageId) => `/?image_id=${encodeURIComponent(imageId)}`;

/**
 * Links an original.
 * @param {import("./api.js").Place} place
 * @returns {?HTMLAnchorElement} none where there is no address that a browser may open.
 */
export function original({ key, url }) {
  if (!isWebAddress(url)) return null;
  const label = `Open original: ${key}`;
  return make("a", { href: url, target: "_blank", rel: "noopener", "aria-label": label }, "Open original");
}

/** @param {string} key @returns {HTMLButtonElement} */
export const copier = (key) => make("button", { type: "button", "data-copy": key, "aria-label": `Copy key: ${key}` }, "Copy key");

/** The sizes are said beforehand, and the thumbnail comes when it is near: nothing ever jumps. */
function image(imageId, pixels, { width, height } = { width: 1, height: 1 }) {
  const scale = Math.min(1, pixels / Math.max(width, height, 1));
  const shown = make("img", {
    alt: "", loading: "lazy", decoding: "async",
    width: String(Math.max(1, Math.round(width * scale))), height: String(Math.max(1, Math.round(height * scale))),
  });
  const source = thumbnail(imageId, pixels);
  // Many at once may be refused for a moment, so a picture that fails is asked for once more.
  shown.addEventListener("error", () => setTimeout(() => {
    shown.addEventListener("error", () => shown.classList.add("absent"), { once: true });
    shown.src = source;
  }, LATER_MS), { once: true });
  shown.src = source;
  return shown;
}

function again(imageId, key) {
  const label = `Search with this: ${key}`;
  return make("a", { class: "again", href: searchAddress(imageId), "data-search": imageId, "aria-label": label }, "Search with this");
}

function whereabouts(place, facts = null) {
  const { bucket, key, user_key: userKey } = place;
  return [
    keyText(key),
    make(
      "p", { class: "bucket" },
      "in ", make("b", {}, make("bdi", {}, bucket)),
      userKey ? " · " : null,
      userKey ? make("bdi", { class: "user-key", title: `the owner's key: ${userKey}` }, userKey) : null,
    ),
    facts && make("p", { class: "facts" }, facts),
    make("p", { class: "does" }, original(place), copier(key)),
  ];
}

function otherPlaces(objects) {
  return make(
    "details", { class: "places" },
    make("summary", {}, `${places(objects.length + 1)} in all`),
    ...objects.map((object) => make("div", { class: "place" }, ...whereabouts(object))),
  );
}

function isWebAddress(url) {
  return Boolean(url) && /^https?:$/.test(new URL(url, location.href).protocol);
}
