/** Holds the page together: a query and filters in, an answer or trouble out. */

import * as address from "./address.js";
import { Trouble, listObjects, search } from "./api.js";
import { copyKey } from "./copy.js";
import { byId, make } from "./elements.js";
import { showFilters, watchFilters } from "./filters.js";
import { addTiles, watchTotals } from "./landing.js";
import { describeQuery, hideQuery, listen, showQuery } from "./query.js";
import { addHits, clear, showEmptyLibrary } from "./results.js";
import { explain, verdict } from "./wording.js";

/** @type {{query: ?import("./api.js").Query, filters: import("./api.js").Filters,
 *   hits: import("./api.js").Hit[], cursor: ?string, stop: AbortController, images: ?number}} */
const now = {
  query: null, filters: { bucket: "", least: 0 }, hits: [], cursor: null,
  stop: new AbortController(), images: null,
};

/** Starts over with a query (or none, which shows the library), keeping the filters. */
function look(query) {
  address.write(query, now.filters);
  begin(query);
  scrollTo({ top: 0 });
  byId("results").focus({ preventScroll: true }); // what was clicked is about to go
}

/** Shows what the address says, at first and after back and forward. */
function restore() {
  const { query, filters } = address.read();
  now.filters = filters;
  showFilters(filters);
  begin(query);
}

function begin(query) {
  Object.assign(now, { query, hits: [], cursor: null });
  document.body.dataset.view = query ? "search" : "start";
  if (query) showQuery(query);
  else hideQuery();
  clear();
  if (!query) say("The library", "");
  return proceed();
}

/** Asks for the next page of whatever is shown; a newer question silences an older one. */
async function proceed() {
  now.stop.abort();
  const stop = now.stop = new AbortController();
  wait(true);
  if (now.query && !now.hits.length) say("Searching…", "");
  byId("trouble").hidden = true;
  try {
    await (now.query ? nextHits(now.query, stop.signal) : nextTiles(stop.signal));
  } catch (error) {
    if (stop.signal.aborted) return;
    if (!(error instanceof Trouble)) throw error;
    showTrouble(error);
  } finally {
    if (!stop.signal.aborted) wait(false);
  }
}

async function nextHits(query, signal) {
  const answer = await search(query, now.filters, now.cursor, signal);
  if (signal.aborted) return;
  const { image_id: imageId, known } = answer.query;
  if (known) address.write(query, now.filters, { replace: true, imageId });
  if (!now.hits.length) describeQuery(query, answer);
  now.hits.push(...answer.hits);
  now.cursor = answer.next_cursor;
  addHits(answer.hits);
  if (now.hits.length) {
    const { title, status } = verdict(now.hits, "imageId" in query);
    say(title, status);
  } else if (now.filters.bucket || now.filters.least) {
    say("Nothing found", "No picture passes the filters.");
  } else {
    say("Nothing to compare with", "The library is empty.");
    showEmptyLibrary();
  }
}

async function nextTiles(signal) {
  const page = await listObjects(now.filters, now.cursor, signal);
  if (signal.aborted) return;
  now.cursor = page.next_cursor;
  addTiles(page.objects);
  const some = byId("pictures").querySelectorAll(".tile").length;
  say("The library", some ? "Choose one to see where else it is." : "");
  if (!some) showEmptyLibrary();
}

function say(title, status) {
  byId("verdict").textContent = title;
  byId("status").textContent = status;
  document.title = now.query ? `${title} · Seenit` : "Seenit";
}

function wait(busy) {
  document.body.classList.toggle("busy", busy);
  byId("pictures").setAttribute("aria-busy", String(busy));
  byId("more").hidden = busy || !now.cursor;
}

function showTrouble(trouble) {
  const { title, advice, again } = explain(trouble);
  if (!now.hits.length) say(now.query ? "No answer" : "The library", "");
  const retry = make("button", { type: "button", onclick: proceed }, "Try again");
  byId("trouble").replaceChildren(make("strong", {}, title), make("span", {}, advice), ...(again ? [make("br"), retry] : []));
  byId("trouble").hidden = false;
}

function changeFilters(filters) {
  now.filters = filters;
  address.write(now.query, filters, { replace: true });
  begin(now.query);
}

function follow(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab, as the person wishes
  const link = event.target.closest("[data-search], .brand");
  if (link) {
    event.preventDefault();
    look(link.dataset.search ? { imageId: link.dataset.search } : null);
  }
  const copy = event.target.closest("[data-copy]");
  if (copy) copyKey(copy);
}

/** A newcomer sees the first pictures appear; a grid that is already full stays at rest. */
function libraryChanged(images) {
  const few = byId("pictures").querySelectorAll(".tile").length < 12;
  if (now.images !== null && now.images !== images && !now.query && few) begin(null);
  now.images = images;
}

listen(look);
document.addEventListener("click", follow);
byId("more").addEventListener("click", proceed);
watchFilters(changeFilters);
addEventListener("popstate", restore);
restore();
watchTotals(libraryChanged);
