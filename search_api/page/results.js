/** The groups of an answer. */

import { card } from "./cards.js";
import { byId, make } from "./elements.js";

const GROUPS = [
  { name: "seen", title: "Seen before", small: false, holds: (hit) => hit.match !== "similar" },
  { name: "alike", title: "Look-alikes", small: true, holds: (hit) => hit.match === "similar" },
];

/**
 * Adds hits below those that are shown, each in its group.
 * @param {import("./api.js").Hit[]} hits highest similarity first.
 */
export function addHits(hits) {
  for (const group of GROUPS) {
    const cards = hits.filter(group.holds).map(card);
    if (cards.length) gridOf(group).append(...cards);
  }
}

/** Takes every picture off the page. */
export const clear = () => byId("pictures").replaceChildren();

/**
 * Says how pictures get into an empty library.
 * @returns {void}
 */
export function showEmptyLibrary() {
  byId("pictures").replaceChildren(make(
    "div", { class: "empty" },
    make("p", {}, "Nothing is indexed yet, so there is nothing to compare with."),
    make("p", {}, "Put pictures into the folder or bucket that Seenit watches; they can be found seconds later. From the command line: ", make("code", {}, "seenit add ~/Pictures")),
  ));
}

function gridOf({ name, title, small }) {
  const known = document.getElementById(`group-${name}`);
  if (known) return known;
  const grid = make("ul", { class: small ? "grid alike" : "grid", id: `group-${name}`, role: "list" });
  byId("pictures").append(make("section", { class: "group" }, make("h3", {}, title), grid));
  return grid;
}
