/** What was found on this visit, so that going back shows it as it was left. */

const KEPT = 12;

/** @type {Map<number, {found: object, scroll: number}>} by the numbers of their entries in the history. */
const kept = new Map();
let here = 0;

// Within this page a browser scrolls before there is anything to scroll to; from another page it knows better.
addEventListener("pagehide", () => { history.scrollRestoration = "auto"; });

/**
 * Keeps what an entry of the history shows, as that is about to be left.
 * @param {?object} found none is kept of an entry that shows nothing worth it.
 */
export function leave(found) {
  kept.delete(here);
  if (found) {
    kept.set(here, { found, scroll: scrollY });
    history.scrollRestoration = "manual";
  }
  for (const entry of [...kept.keys()].slice(0, -KEPT)) kept.delete(entry);
}

/**
 * Takes note of the entry that is shown now.
 * @returns {?{found: object, scroll: number}} what it showed when it was left.
 */
export function arrive() {
  here = history.state?.entry ?? Math.random();
  history.replaceState({ ...history.state, entry: here }, "");
  return kept.get(here) ?? null;
}
