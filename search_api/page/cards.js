/** One hit, one card; one object of the library, one tile. */

import { thumbnail } from "./api.js";
import { keyText, make } from "./elements.js";
import { MATCH, percent, places, size } from "./wording.js";

/**
 * Shows a hit with the places it is found in.
 * @param {import("./api.js").Hit} hit
 * @returns {HTMLLIElement}
 */
export function card(hit) {
  const [first, ...others] = hit.objects;
  const facts = `${hit.width} × ${hit.height} · ${hit.format} · ${size(hit.bytes)}`;
  return make(
    "li", { class: `card ${hit.match}`, "data-image-id": hit.image_id },
    picture(hit.image_id, first.key, 480),
    make(
      "div", { class: "words" },
      make(
        "p", { class: "match" },
        make("span", { class: "badge" }, MATCH[hit.match]),
        make("span", { class: "unseen" }, " similarity "),
        make("span", { class: "figure", title: "similarity" }, percent(hit.similarity)),
      ),
      ...whereabouts(first),
      make("p", { class: "facts" }, facts),
      make("p", { class: "does" }, again(hit.image_id, first.key), original(first)),
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
  const shown = picture(imageId, key, 320);
  shown.removeAttribute("tabindex");
  shown.title = `${bucket}/${key}`;
  return make("li", { class: "tile" }, shown, make("bdi", { class: "caption" }, key.split("/").at(-1) || key));
}

/** @param {string} imageId @returns {string} the page's own address for this search. */
const searchAddress = (imageId) => `/?image_id=${encodeURIComponent(imageId)}`;

function picture(imageId, key, pixels) {
  const image = make("img", {
    src: thumbnail(imageId, pixels), alt: `Search with ${key}`, loading: "lazy", decoding: "async",
    onerror: () => image.classList.add("absent"),
  });
  // The card's own "Search with this" is the stop for the keyboard; a tile makes this one its stop.
  return make("a", { class: "picture", href: searchAddress(imageId), tabindex: "-1", "data-search": imageId }, image);
}

function again(imageId, key) {
  const label = `Search with this: ${key}`;
  return make("a", { href: searchAddress(imageId), "data-search": imageId, "aria-label": label }, "Search with this");
}

function whereabouts({ bucket, key, user_key: userKey }) {
  return [
    make(
      "div", { class: "named" },
      keyText(key),
      make("button", { type: "button", "data-copy": key, "aria-label": `Copy key: ${key}` }, "Copy"),
    ),
    make(
      "p", { class: "bucket" },
      "in ", make("b", {}, make("bdi", {}, bucket)),
      userKey ? " · " : null,
      userKey ? make("bdi", { class: "user-key", title: `the owner's key: ${userKey}` }, userKey) : null,
    ),
  ];
}

function original({ key, url }) {
  if (!isWebAddress(url)) return null;
  const label = `Open original: ${key}`;
  return make("a", { href: url, target: "_blank", rel: "noopener", "aria-label": label }, "Open original");
}

function otherPlaces(objects) {
  return make(
    "details", { class: "places" },
    make("summary", {}, `${places(objects.length + 1)} in all`),
    ...objects.map((object) => make(
      "div", { class: "place" }, ...whereabouts(object), make("p", { class: "does" }, original(object)),
    )),
  );
}

function isWebAddress(url) {
  return Boolean(url) && /^https?:$/.test(new URL(url, location.href).protocol);
}
