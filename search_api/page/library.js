/** Holds the library together: a place in, its pictures or rejections out. */

import { Trouble, buckets, stats } from "./api.js";
import { copy } from "./copy.js";
import { byId, make } from "./elements.js";
import { addressOf, read } from "./library_address.js";
import { watch } from "./library_intake.js";
import { moveAmong } from "./library_keys.js";
import { nothing } from "./library_nothing.js";
import { rejected } from "./library_rejected.js";
import { shelf } from "./library_shelf.js";
import { listenToNarrowing, showBuckets, showWhere } from "./library_side.js";
import { listenToLook, lookAt, tellTurns } from "./library_turn.js";
import { hideTrouble, showTrouble } from "./troubles.js";
import { count, counted } from "./wording.js";

/**
 * @typedef {object} View what is shown of a place.
 * @property {HTMLElement} element
 * @property {(signal: AbortSignal) => Promise<void>} next shows the next page.
 * @property {() => string} status says in a few words what is shown.
 * @property {boolean} done whether there is no next page.
 * @property {number} pages shown so far.
 * @property {number} shown entries on them.
 */

const KEPT = 12;
const IN_A_ROW = 10; // pages that come by themselves; then a button, so that the page's end can be reached

const now = { place: read(location.search), view: null, stop: new AbortController(), coming: null, buckets: null, told: null };

/** @type {Map<string, {view: View, scroll: number, had: number}>} by their addresses: going back shows them as they were left. */
const kept = new Map();

const shelfOf = (place) => addressOf({ ...place, image: "" });

/** Goes to a place; the address tells of it. */
function go(place, { replace = false, by = null } = {}) {
  const turned = shelfOf(place) !== shelfOf(now.place);
  const state = { over: !turned && Boolean(place.image) && (replace ? history.state?.over : true) };
  history[replace ? "replaceState" : "pushState"](state, "", addressOf(place));
  if (turned) kept.delete(shelfOf(place));
  arrive(place, { by });
  if (turned && !replace) byId("stock").focus({ preventScroll: true }); // what was clicked is about to go
}

/** Shows a place, whichever way one came. */
function arrive(place, { first = false, by = null } = {}) {
  const turned = first || shelfOf(place) !== shelfOf(now.place);
  if (turned) leave();
  now.place = place;
  if (turned) enter(place);
  lookAt(place.image, by);
  tellTurns(!now.view.done);
}

function leave() {
  now.stop.abort();
  const left = kept.get(shelfOf(now.place));
  if (left) left.scroll = scrollY;
  for (const address of [...kept.keys()].slice(0, -KEPT)) kept.delete(address);
}

function enter(place) {
  const known = kept.get(shelfOf(place));
  const view = known?.view ?? (place.rejected ? rejected(place, isEmbedded) : shelf(place));
  now.view = view;
  kept.delete(shelfOf(place)); // and in again, as the one used last
  kept.set(shelfOf(place), known ?? { view, scroll: 0, had: now.buckets && held() });
  byId("view").replaceChildren(view.element);
  byId("news").hidden = true;
  showWhere(place);
  if (now.buckets) showBuckets(now.buckets, place);
  hideTrouble();
  settle();
  scrollTo({ top: known?.scroll ?? 0, behavior: "instant" });
  if (!view.pages) proceed();
}

/** Shows the next page of what is in view, once: whoever asks while it is coming waits for the same. */
async function proceed() {
  if (now.view.done) return;
  if (byId("view").getAttribute("aria-busy") !== "true") now.coming = fetchNext();
  await now.coming;
}

async function fetchNext() {
  const { view } = now;
  now.stop.abort();
  const { signal } = now.stop = new AbortController();
  byId("view").setAttribute("aria-busy", "true");
  byId("more").hidden = true;
  const trouble = await view.next(signal).then(() => null, (error) => error);
  if (signal.aborted) return; // whoever stopped this shows something else by now
  settle(trouble);
  if (trouble && !(trouble instanceof Trouble)) throw trouble;
  if (trouble) return showTrouble(trouble, proceed);
  if (!byId("trouble").hidden) lookAtIngest(); // what kept the pictures away kept the figures away
  hideTrouble({ forgiven: true });
}

/** Says what is shown, and whether there is more; after trouble it is not fetched by itself. */
function settle(trouble = null) {
  const { view } = now;
  byId("view").setAttribute("aria-busy", "false");
  byId("status").textContent = view.status();
  byId("more").hidden = view.done || !view.pages;
  if (view.done && !view.shown) byId("view").replaceChildren(nothing(now.place));
  nearEnd.unobserve(byId("end"));
  if (!trouble && !view.done && view.pages % IN_A_ROW) nearEnd.observe(byId("end"));
  tellTurns(!view.done);
}

const nearEnd = new IntersectionObserver(([end]) => { if (end.isIntersecting) proceed(); }, { rootMargin: "900px" });

/** Whether ingest runs in the process that answers; elsewhere it shows no progress. */
const isEmbedded = async () => Boolean((now.told ?? await stats().catch(() => null))?.progress);

/** How many pictures the buckets in view hold. */
function held() {
  const { bucket, rejected: refused } = now.place;
  const inView = (now.buckets ?? []).filter((each) => !bucket || each.bucket === bucket);
  return inView.reduce((sum, each) => sum + (refused ? each.rejected : each.indexed), 0);
}

async function looked(told) {
  const changed = !now.told || ["objects", "rejected", "newest"].some((name) => told[name] !== now.told[name]);
  now.told = told;
  byId("totals").textContent = counted(told.images, "picture");
  if (!changed) return;
  const answer = await buckets().catch(() => null);
  if (!answer) return;
  now.buckets = answer.buckets;
  showBuckets(now.buckets, now.place);
  const shown = kept.get(shelfOf(now.place));
  shown.had ??= held();
  offerNews(held() - shown.had);
}

/** What came meanwhile waits behind a button, as nothing may move under a hand or an eye. */
function offerNews(more) {
  const empty = now.view.done && !now.view.shown;
  if (more > 0 && empty) renew();
  byId("news").hidden = more <= 0 || empty;
  byId("news").replaceChildren(`${count(more)} new in `, make("bdi", {}, now.place.bucket || "the library"), " · show");
}

function renew() {
  kept.delete(shelfOf(now.place));
  arrive(now.place, { first: true });
}

function clicked(event) {
  const target = /** @type {HTMLElement} */ (event.target);
  const button = target.closest("[data-copy]");
  if (button) copy(button, button.dataset.copy);
  if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab, as the person wishes
  const link = target.closest("a[data-go]");
  if (!link) return;
  event.preventDefault();
  go(read(new URL(link.href).search), { by: link.dataset.image ? link : null });
}

history.scrollRestoration = "manual";
document.addEventListener("click", clicked);
byId("more").addEventListener("click", proceed);
byId("news").addEventListener("click", renew);
byId("view").addEventListener("keydown", moveAmong);
addEventListener("popstate", () => arrive(read(location.search)));
listenToLook({
  proceed,
  turn: (image) => go({ ...now.place, image }, { replace: true }),
  closed: () => {
    if (!now.place.image) return; // the address had changed already
    if (history.state?.over) history.back();
    else go({ ...now.place, image: "" }, { replace: true });
  },
});
listenToNarrowing(() => now.place, go);
arrive(now.place, { first: true });
byId("house").removeAttribute("data-waiting");
const lookAtIngest = watch(looked);
