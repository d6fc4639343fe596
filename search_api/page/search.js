/** The search under way: what is asked, what came of it, and the next page of it. */

import * as address from "./address.js";
import { Trouble, search } from "./api.js";
import { showDetail } from "./detail.js";
import { byId } from "./elements.js";
import { showAwaited } from "./end.js";
import { explainLeast, showFilters } from "./filter_form.js";
import { NONE, askedFilters } from "./filters.js";
import { arrive, leave } from "./kept.js";
import { SHOWN, showSome } from "./landing.js";
import { regionText } from "./region.js";
import { addHits, clear, showEmptyLibrary } from "./results.js";
import { PREVIEW, describeQuery, hideQuery, needsPreview, showQuery } from "./shown.js";
import { note, say, sumUp } from "./summary.js";
import { heading, hideTrouble, showTrouble } from "./troubles.js";

const PAGE_SIZE = "24";

/** @type {import("./address.js").Asked} what this page is about. */
let asked = { query: null, box: null, views: ["auto"], filters: { ...NONE } };

/**
 * What has come of it. `known`: the stored image that an upload turned out to be; `answer`: with which
 * the hits begin; `about`: what they answer.
 */
const found = {
  hits: [], cursor: null, known: null, thresholds: { near_duplicate: null }, answer: null, about: null,
  stop: new AbortController(),
};

/** @type {?number} how many images the library holds, once that is known. */
let images = null;

/**
 * Starts over, keeping filters and views.
 * @param {?import("./api.js").Query} query none shows the start page.
 * @param {string} [remark] what is to be said of it beside the answer.
 */
export function look(query, remark = "") {
  leave(worthKeeping());
  asked = { ...asked, query, box: null };
  address.write(asked);
  arrive();
  begin();
  note(remark);
  scrollTo({ top: 0 });
  byId("results").focus({ preventScroll: true }); // what was clicked is about to go
}

/** Shows what the address says, at first and after back and forward; then as it was left. */
export function restore() {
  leave(worthKeeping());
  const { lost, ...read } = address.read();
  asked = read;
  const was = arrive();
  begin(was?.found);
  if (was) scrollTo({ top: was.scroll, behavior: "instant" });
  note(lost ? "The picture you dropped went with reloading the page. Drop it once more." : "");
}

const worthKeeping = () => (found.about === asked && found.hits.length ? { ...found } : null);

/**
 * Asks the same picture differently; what is shown stays until the answer is there.
 * @param {Partial<import("./address.js").Asked>} change
 */
export function vary(change) {
  asked = { ...asked, ...change };
  address.write(asked, { replace: true, known: found.known });
  showControls();
  note("");
  hideTrouble();
  found.cursor = null;
  return proceed();
}

function begin(was = null) {
  const { query } = asked;
  document.querySelector("dialog[open]")?.close();
  found.stop.abort();
  Object.assign(found, { hits: [], cursor: null, known: null });
  document.documentElement.dataset.view = query ? "search" : "start";
  if (query) showQuery(query);
  else hideQuery();
  showControls();
  clear();
  note("");
  hideTrouble();
  if (!query) say("From your library");
  return was ? revive(was) : proceed();
}

/** Shows again what was found, without asking for it. */
function revive({ hits, cursor, known, answer }) {
  startAnswer(answer);
  Object.assign(found, { cursor, known });
  present(hits, { first: true });
  showAwaited(false, Boolean(found.cursor));
}

function showControls() {
  showDetail(asked.box);
  showFilters(asked.filters);
  for (const box of byId("views").querySelectorAll("input")) box.checked = asked.views.includes(box.value);
}

/** Asks for the next page of whatever is shown; a newer question silences an older one. */
export async function proceed() {
  found.stop.abort();
  const stop = found.stop = new AbortController();
  showAwaited(true, Boolean(found.cursor));
  if (asked.query && !found.hits.length) say("Searching…");
  try {
    if (asked.query) await nextHits(stop.signal);
    else if (!await showSome(stop.signal)) showEmptyLibrary();
    if (!stop.signal.aborted) hideTrouble({ forgiven: true });
  } catch (error) {
    if (stop.signal.aborted) return;
    if (!(error instanceof Trouble)) throw error;
    if (!found.hits.length) {
      clear(); // what was said of an earlier answer is no longer true
      say(asked.query ? heading(error) : "From your library");
    }
    showTrouble(error, proceed);
  } finally {
    if (!stop.signal.aborted) showAwaited(false, Boolean(found.cursor));
  }
}

async function nextHits(signal) {
  const { query, filters, views, box } = asked;
  const fields = askedFilters(filters);
  fields.set("limit", PAGE_SIZE);
  if (views.length) fields.set("views", views.join());
  if (box) fields.set("box", regionText(box));
  if (found.cursor) fields.set("cursor", found.cursor);
  else if (needsPreview(query)) fields.set("preview", PREVIEW);
  // What is stored needs no second upload.
  const answer = await search(found.known ? { imageId: found.known } : query, fields, signal);
  if (signal.aborted) return;
  if (answer.query.known && !found.known) learnKnown(answer.query.image_id);
  const first = !found.cursor;
  if (first) startAnswer(answer);
  found.cursor = answer.next_cursor;
  present(answer.hits, { first });
}

function present(hits, { first }) {
  found.hits.push(...hits);
  addHits(hits, found.thresholds);
  sumUp(found.hits, asked, { more: Boolean(found.cursor), first, images, thresholds: found.thresholds }, vary);
}

function learnKnown(imageId) {
  found.known = imageId;
  address.write(asked, { replace: true, known: imageId });
}

function startAnswer(answer) {
  Object.assign(found, { hits: [], thresholds: answer.thresholds, answer, about: asked });
  clear();
  describeQuery(asked.query, answer);
  explainLeast(answer.thresholds);
}

/**
 * Takes note of how many images the library holds: a newcomer sees the first pictures appear, and who
 * searched an empty library gets an answer; a grid that is already full stays at rest.
 * @param {number} now
 */
export function libraryHolds(now) {
  const few = byId("pictures").querySelectorAll(".tile").length < SHOWN;
  const changed = images !== null && images !== now;
  const wasEmpty = images === 0;
  images = now;
  if (changed && !asked.query && few) begin();
  if (changed && wasEmpty && found.about === asked && !found.hits.length) proceed();
}

/** @returns {boolean} whether the address leads others here, too. */
export const canBeShared = () => !(asked.query && "file" in asked.query && !found.known);

/**
 * Tells what a comparison goes through.
 * @param {string} imageId the hit that it begins with.
 * @returns {Omit<Parameters<typeof import("./compare.js").openCompare>[0], "yours">}
 */
export const hitsFrom = (imageId) => ({
  hits: found.hits, at: found.hits.findIndex((hit) => hit.image_id === imageId),
  thresholds: found.thresholds, box: asked.box, more: async () => { if (found.cursor) await proceed(); },
});
