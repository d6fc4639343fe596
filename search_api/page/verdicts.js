/** Puts similarities and answers into words; knows nothing of the page. */

import { readRegion, sideWords } from "./region.js";
import { counted, places } from "./wording.js";

/** Unrelated pictures are about half alike. */
const UNRELATED = 0.5;
const USUAL_NEAR = 0.8; // where the model has no threshold of its own
const ALIKE = 2 / 3;

/** Turned clockwise by so much, the query looks like the hit. */
const TURNED = { 90: "turned to the right", 180: "turned upside down", 270: "turned to the left" };

/** @typedef {{near_duplicate: ?number}} Thresholds */

const share = (similarity, { near_duplicate: near }) => (similarity - UNRELATED) / ((near ?? USUAL_NEAR) - UNRELATED);

/**
 * Names how a hit matches.
 * @param {import("./api.js").Hit} hit
 * @param {Thresholds} thresholds
 * @returns {string}
 */
export function matchWords({ match, similarity }, thresholds) {
  if (match === "exact") return "Same file";
  if (match === "near_duplicate") return "Near-duplicate";
  const near = share(similarity, thresholds);
  if (near >= ALIKE) return "Looks alike";
  return near >= 1 / 3 ? "Somewhat alike" : "Hardly alike";
}

/**
 * Names which hits a least similarity leaves.
 * @param {number} least 0 to 1; 0 leaves all.
 * @param {Thresholds} thresholds
 * @returns {string}
 */
export function leastWords(least, thresholds) {
  if (!least) return "everything";
  if (least >= 1) return "the same file only";
  const near = share(least, thresholds);
  if (near >= 1) return near > 1.35 ? "closest copies" : "near-duplicates";
  if (near >= ALIKE) return "what looks alike";
  return near >= 1 / 3 ? "what is somewhat alike" : "almost everything";
}

/**
 * Says which view of the query matched.
 * @param {import("./api.js").Hit} hit
 * @returns {string} nothing for the whole picture, as it is.
 */
export function viewWords({ view = "whole", box }) {
  const words = [];
  const inside = readRegion(box);
  if (inside) words.push(`inside your picture, ${sideWords(inside)}`);
  if (view.includes("flip")) words.push("mirrored");
  const turned = TURNED[/\d+/.exec(view)?.[0]];
  if (turned) words.push(turned);
  return words.join(", ");
}

/**
 * Sums up an answer.
 * @param {import("./api.js").Hit[]} hits at least one.
 * @param {{fromLibrary: boolean, detail: boolean, filtered: boolean, more: boolean, thresholds: Thresholds}} about
 *   `fromLibrary`: an indexed picture was searched with; `detail`: only a part of it; `filtered`: not all of
 *   the library was looked at; `more`: there are more hits to be asked for.
 * @returns {{title: string, status: string}}
 */
export function verdict(hits, { fromLibrary, detail, filtered, more, thresholds }) {
  const of = (match) => hits.filter((hit) => hit.match === match);
  const [exact, near] = [of("exact"), of("near_duplicate")];
  const found = exact.reduce((sum, hit) => sum + hit.objects.length, 0);
  const open = more && near.length === hits.length - exact.length ? " or more" : "";
  const copies = `${counted(near.length, "near-duplicate")}${open}`;
  if (exact.length) {
    const title = fromLibrary ? "In the library" : "Yes, seen before";
    return { title, status: `This very file, in ${places(found)}${near.length ? `; ${copies}` : ""}.` };
  }
  if (near.length && detail) return { title: "This detail was seen before", status: `${copies} of it.` };
  const inside = near.length > 0 && near.every((hit) => hit.box);
  const how = inside ? ", found inside your picture" : ": edited or saved anew";
  if (near.length) return { title: "Seen before, edited", status: `${copies}${how}.` };
  if (detail && share(hits[0].similarity, thresholds) >= ALIKE) {
    return { title: "Perhaps in these", status: "A detail tells less than a whole picture; the likeliest come first." };
  }
  return { title: "Nothing close", status: filtered ? "No copy of it passes the filters." : "No copy of it is in the library." };
}
