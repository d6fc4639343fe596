/** Holds the page together: what is asked in, an answer or trouble out. */

import * as address from "./address.js";
import { Trouble, search } from "./api.js";
import { copy } from "./copy.js";
import { showDetail, watchDetail } from "./detail.js";
import { byId } from "./elements.js";
import { explainLeast, showFilters, watchFilters } from "./filter_form.js";
import { NONE, askedFilters } from "./filters.js";
import { arrive, leave } from "./kept.js";
import { SHOWN, showSome, watchTotals } from "./landing.js";
import { listen, offerAddresses } from "./query.js";
import { regionText } from "./region.js";
import { addHits, clear, showEmptyLibrary } from "./results.js";
import { PREVIEW, describeQuery, hideQuery, needsPreview, showQuery, watchStrip } from "./shown.js";
import { watchSpots } from "./spot.js";
import { note, say, sumUp } from "./summary.js";
import { heading, hideTrouble, showTrouble } from "./troubles.js";

const PAGE_SIZE = "24";
const AHEAD = "900px";

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
let images = null;

/** The next page comes when the end of this one is near. */
const ending = new IntersectionObserver(
  ([end]) => { if (end.isIntersecting && !byId("more").hidden) proceed(); }, { rootMargin: AHEAD },
);

/** Starts over with a query (or none, which shows the start page), keeping filters and views. */
function look(query, remark = "") {
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
function restore() {
  leave(worthKeeping());
  const { lost, ...read } = address.read();
  asked = read;
  const was = arrive();
  begin(was?.found);
  if (was) scrollTo({ top: was.scroll, behavior: "instant" });
  note(lost ? "The picture you dropped went with reloading the page. Drop it once more." : "");
}

const worthKeeping = () => (found.about === asked && found.hits.length ? { ...found } : null);

/** Asks the same picture differently; what is shown stays until the answer is there. */
function vary(change) {
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
  wait(false);
}

function showControls() {
  showDetail(asked.box);
  showFilters(asked.filters);
  for (const box of byId("views").querySelectorAll("input")) box.checked = asked.views.includes(box.value);
}

/** Asks for the next page of whatever is shown; a newer question silences an older one. */
async function proceed() {
  found.stop.abort();
  const stop = found.stop = new AbortController();
  wait(true);
  if (asked.query && !found.hits.length) say("Searching…");
  try {
    if (asked.query) await nextHits(stop.signal);
    else if (!await showSome(stop.signal)) showEmptyLibrary();
    if (!stop.signal.aborted) hideTrouble({ forgiven: true });
  } catch (error) {
    if (stop.signal.aborted) return;
    if (!(error instanceof Trouble)) throw error;
    if (!found.hits.length) say(asked.query ? heading(error) : "From your library");
    showTrouble(error, proceed);
  } finally {
    if (!stop.signal.aborted) wait(false);
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

function wait(busy) {
  const adding = busy && Boolean(found.cursor); // what is shown stays in force
  document.body.classList.toggle("busy", busy && !adding);
  byId("end").textContent = adding ? "More to come…" : "";
  byId("pictures").setAttribute("aria-busy", String(busy));
  byId("more").hidden = busy || !found.cursor || !byId("trouble").hidden;
  ending.unobserve(byId("end")); // observed anew it tells at once, also when the end never left the window
  ending.observe(byId("end"));
}

function copyLink() {
  if (asked.query && "file" in asked.query && !found.known) {
    note("This picture is not in the library, so no link can carry it. Send the picture itself instead.");
  } else {
    copy(byId("link"), location.href);
  }
}

async function compare(imageId) {
  const { openCompare } = await import("./compare.js"); // not needed before anyone compares
  const at = found.hits.findIndex((hit) => hit.image_id === imageId);
  openCompare({
    hits: found.hits, at, thresholds: found.thresholds, box: asked.box,
    yours: byId("shown-facts").textContent, more: async () => { if (found.cursor) await proceed(); },
  });
}

function follow(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab, as the person wishes
  if (event.target.closest(".skip")) {
    event.preventDefault(); // its address would be that of another, empty entry of the history
    byId("results").focus();
  }
  const link = event.target.closest("[data-search], .brand, .pages [aria-current]");
  if (link) {
    event.preventDefault();
    look(link.dataset.search ? { imageId: link.dataset.search } : null);
  }
  const target = event.target.closest("[data-copy], [data-compare]");
  if (target?.dataset.copy) copy(target, target.dataset.copy);
  if (target?.dataset.compare) compare(target.dataset.compare);
}

/** A newcomer sees the first pictures appear; a grid that is already full stays at rest. */
function libraryChanged({ images: now, url_search: addresses }) {
  offerAddresses(addresses);
  const few = byId("pictures").querySelectorAll(".tile").length < SHOWN;
  if (images !== null && images !== now && !asked.query && few) begin();
  images = now;
}

listen(look);
watchDetail((box) => vary({ box }));
watchFilters((filters) => vary({ filters }));
watchStrip();
watchSpots();
document.addEventListener("click", follow);
byId("clear").addEventListener("click", () => look(null));
byId("link").addEventListener("click", copyLink);
byId("more").addEventListener("click", proceed);
byId("views").addEventListener("change", () => vary({
  views: Array.from(byId("views").querySelectorAll(":checked"), (box) => box.value),
}));
addEventListener("popstate", restore);
restore();
watchTotals(libraryChanged);
