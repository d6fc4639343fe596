/** One picture, large: its facts, every place it is in, and what to do with it. */

import { Trouble, image, thumbnail } from "./api.js";
import { copier, original, searchAddress } from "./cards.js";
import { byId, keyText, make } from "./elements.js";
import { addressOf, parted } from "./library_address.js";
import { explain } from "./troubles.js";
import { count, counted, size } from "./wording.js";

const SMALL = 256;
const LARGE = 1024;
const LISTED = 50;

let stop = new AbortController();

/**
 * Opens the dialog on a picture, or turns it to another one.
 * @param {string} imageId
 * @param {string} key one of its keys, if known.
 */
export async function look(imageId, key) {
  stop.abort();
  const { signal } = stop = new AbortController();
  const dialog = /** @type {HTMLDialogElement} */ (byId("look"));
  name(key);
  byId("look-about").replaceChildren(make("p", { class: "aside" }, "Looking…"));
  showPicture(imageId, signal);
  if (!dialog.open) dialog.showModal();
  try {
    const facts = await image(imageId, signal);
    if (!key) name(facts.objects[0].key);
    byId("look-about").replaceChildren(...about(facts, key));
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof Trouble)) throw error;
    const { title, advice } = explain(error);
    byId("look-about").replaceChildren(make("p", {}, make("strong", {}, title)), make("p", {}, advice));
  }
}

/** Closes the dialog. */
export function lookAway() {
  stop.abort();
  byId("look").close();
}

/**
 * Says whether there is a picture before and behind.
 * @param {{before: boolean, next: boolean}} there
 */
export function showTurns({ before, next }) {
  byId("look-before").disabled = !before;
  byId("look-next").disabled = !next;
}

function name(key) {
  const words = (key.split("/").at(-1) || key).split(/(?<=[_.\s-])/);
  byId("look-name").replaceChildren(make("bdi", {}, ...words.flatMap((word) => [word, make("wbr")])));
}

/** First the small one, which is at hand already, then the large one once all of it is there. */
function showPicture(imageId, signal) {
  const shown = make("img", { id: "look-picture", alt: "The picture, large", onerror: () => shown.classList.add("absent") });
  shown.src = thumbnail(imageId, SMALL);
  byId("look-picture").replaceWith(shown);
  const large = new Image();
  large.src = thumbnail(imageId, LARGE);
  large.decode().then(() => {
    if (signal.aborted) return;
    shown.src = large.src;
    shown.classList.remove("absent");
  }, () => {}); // the small one stays, or says so itself
}

function about(facts, key) {
  const { image_id: imageId, width, height, format, bytes, objects } = facts;
  const first = objects.find((object) => object.key === key) ?? objects[0];
  const told = [
    ["Size", `${count(width)} × ${count(height)} pixels`], ["Format", `${format}, ${size(bytes)}`],
    ["image_id", make(
      "span", { class: "id" }, make("span", { title: imageId }, imageId),
      make("button", { type: "button", class: "slim", "data-copy": imageId, "aria-label": "Copy image_id" }, "Copy"),
    )],
  ];
  const list = make("ul", { class: "places", role: "list" });
  showPlaces(list, objects, LISTED);
  return [
    make(
      "p", { class: "acts" },
      make("a", { class: "main", href: searchAddress(imageId) }, "Search with this"),
      original(first),
    ),
    make("dl", { class: "facts" }, ...told.map(([term, fact]) => make("div", {}, make("dt", {}, term), make("dd", {}, fact)))),
    make("h3", {}, objects.length > 1 ? `In ${counted(objects.length, "place")}` : "Where it is"),
    list,
  ];
}

function showPlaces(list, objects, most) {
  list.replaceChildren(...objects.slice(0, most).map((object) => placeOf(object, objects.length === 1)));
  if (objects.length <= most) return;
  const all = make("button", { type: "button", onclick: () => showPlaces(list, objects, objects.length) }, `Show all ${count(objects.length)}`);
  list.append(make("li", {}, all));
}

function placeOf(place, alone) {
  const { bucket, key, user_key: userKey, last_modified: modified } = place;
  const { folder } = parted(key);
  const within = make("a", { href: addressOf({ bucket, prefix: folder }), "data-go": true }, make("bdi", {}, `${bucket}/${folder}`));
  const moment = make("time", { datetime: modified }, new Date(modified).toLocaleDateString());
  return make(
    "li", {}, keyText(key.slice(folder.length) || key),
    make("p", { class: "facts" }, "in ", within, " · ", moment, userKey ? " · " : null, userKey ? make("bdi", { title: "the owner's key" }, userKey) : null),
    make("p", { class: "does" }, copier(key), alone ? null : original(place)),
  );
}
