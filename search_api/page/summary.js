/** What an answer comes to, in words above the pictures, and what else can be tried. */

import { VIEWS } from "./address.js";
import { byId } from "./elements.js";
import { NONE, namedFilters } from "./filters.js";
import { showEmptyLibrary, showNothing } from "./results.js";
import { verdict } from "./verdicts.js";

const NEAREST = "What comes nearest stands below; it merely looks alike. "
  + "A copy that was turned, or of which only a part is left, may still be found.";

/**
 * Says something above the pictures, and in the window's title.
 * @param {string} title
 * @param {string} [status] a sentence below it.
 */
export function say(title, status = "") {
  byId("verdict").textContent = title;
  byId("status").textContent = status;
  const searching = document.documentElement.dataset.view === "search";
  document.title = searching ? `${title} · Seenit` : "Seenit";
}

/** @param {string} words a remark that asks for nothing; none takes it away. */
export function note(words) {
  byId("note").textContent = words;
  byId("note").hidden = !words;
}

/**
 * Sums up what was found.
 * @param {import("./api.js").Hit[]} hits all so far.
 * @param {import("./address.js").Asked} asked
 * @param {{more: boolean, first: boolean, images: ?number,
 *   thresholds: import("./verdicts.js").Thresholds}} about `more`: there are more hits; `first`:
 *   this is their first page; `images`: how many the library holds, if known.
 * @param {(change: Partial<import("./address.js").Asked>) => void} vary asks differently.
 */
export function sumUp(hits, asked, { more, first, images, thresholds }, vary) {
  const filtered = namedFilters(asked.filters).length || asked.filters.min_similarity;
  const widen = { words: "Remove the filters", act: () => vary({ filters: { ...NONE } }) };
  if (!hits.length) {
    say("Nothing found");
    if (filtered || images) showNothing("No picture passes the filters.", filtered ? [widen] : []);
    else showEmptyLibrary();
    return;
  }
  const { title, status } = verdict(hits, {
    fromLibrary: "imageId" in asked.query || "key" in asked.query, detail: Boolean(asked.box), filtered: namedFilters(asked.filters).length > 0, more, thresholds,
  });
  say(title, status);
  if (first && title === "Nothing close") showNothing(NEAREST, [...others(asked, vary), ...(filtered ? [widen] : [])]);
}

function others(asked, vary) {
  const ways = [];
  if (asked.views.length < VIEWS.length) ways.push({ words: "Look for it mirrored and turned", act: () => vary({ views: [...VIEWS] }) });
  if (!asked.box && !byId("pick").hasAttribute("disabled")) ways.push({ words: "Search a detail", act: () => byId("pick").click() });
  return ways;
}
