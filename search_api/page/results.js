/** The groups of an answer. */

import { card } from "./cards.js";
import { byId, make } from "./elements.js";

const GROUPS = [
  { name: "seen", title: "Seen before", holds: (hit) => hit.match !== "similar" },
  { name: "alike", title: "Look-alikes", holds: (hit) => hit.match === "similar" },
];

/**
 * Adds hits below those that are shown, each in its group.
 * @param {import("./api.js").Hit[]} hits highest similarity first.
 * @param {import("./verdicts.js").Thresholds} thresholds
 */
export function addHits(hits, thresholds) {
  for (const group of GROUPS) {
    const cards = hits.filter(group.holds).map((hit) => card(hit, thresholds));
    if (cards.length) gridOf(group).append(...cards);
  }
}

/** Takes every picture off the page. */
export function clear() {
  byId("pictures").replaceChildren();
  byId("spot").hidden = true; // what it belonged to is gone
}

/**
 * Says plainly that there is nothing, and what else can be tried.
 * @param {string} words
 * @param {{words: string, act: () => void}[]} ways
 */
export function showNothing(words, ways) {
  const buttons = ways.map(({ words: what, act }) => make("button", { type: "button", onclick: act }, what));
  const panel = make("div", { class: "empty" }, make("p", {}, words), buttons.length ? make("p", { class: "does" }, ...buttons) : null);
  byId("pictures").prepend(panel);
}

/** Says how pictures get into an empty library. */
export function showEmptyLibrary() {
  byId("pictures").replaceChildren(make(
    "div", { class: "empty" },
    make("p", {}, "Nothing is indexed yet, so there is nothing to compare with."),
    make("p", {}, "Put pictures into the folder or bucket that Seenit watches; they can be found seconds later. From the command line: ", make("code", {}, "seenit add ~/Pictures")),
  ));
}

function gridOf({ name, title }) {
  const known = document.getElementById(`group-${name}`);
  if (known) return known;
  const grid = make("ul", { class: `grid ${name}`, id: `group-${name}`, role: "list" });
  byId("pictures").append(make("section", { class: "group" }, make("h3", {}, title), grid));
  return grid;
}
