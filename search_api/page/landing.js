/** The start page: some pictures of the library, its totals and how ingest goes on. */

import { buckets, listObjects, stats } from "./api.js";
import { tile } from "./cards.js";
import { byId, make } from "./elements.js";
import { offerBuckets } from "./filter_form.js";
import { heard } from "./troubles.js";
import { count, counted, duration } from "./wording.js";

/** One calm row; with it the whole first load stays light. */
export const SHOWN = 6;
const SOON_MS = 2000;
const LATER_MS = 5000;

/**
 * Shows some pictures of the library, one tile an image.
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether there are any.
 */
export async function showSome(signal) {
  const { objects } = await listObjects(new URLSearchParams({ state: "indexed", limit: String(3 * SHOWN) }), signal);
  if (signal.aborted) return true;
  const images = new Map(objects.map((object) => [object.image_id, object]));
  const tiles = Array.from(images.values()).slice(0, SHOWN).map(tile);
  byId("pictures").replaceChildren(make("ul", { class: "grid tiles", role: "list" }, ...tiles));
  return tiles.length > 0;
}

/**
 * Keeps the totals true, often while they change and rarely otherwise.
 * @param {(now: {images: number, url_search: boolean}) => void} onChange called when they changed.
 */
export async function watchTotals(onChange) {
  let before = "";
  for (;;) {
    const now = document.hidden ? null : await stats().catch(heard);
    if (now) heard(null);
    const state = now ? [now.objects, now.images, now.rejected, now.progress?.active].join() : null;
    const changed = state !== null && state !== before;
    if (now) showTotals(now);
    if (changed) {
      before = state;
      onChange(now);
      await fillBuckets();
    }
    await new Promise((resolve) => { setTimeout(resolve, changed || now?.progress?.active ? SOON_MS : LATER_MS); });
  }
}

function showTotals({ images, progress }) {
  const running = Boolean(progress?.active && progress.total);
  byId("ingest").hidden = !running;
  byId("totals").textContent = running ? ingestWords(progress) : counted(images, "picture");
  if (running) byId("ingest").value = progress.done / progress.total;
}

function ingestWords({ done, total, eta_s: left }) {
  return `Indexing ${count(done)} of ${count(total)}${left ? `, ${duration(left)} left` : ""}`;
}

async function fillBuckets() {
  const answer = await buckets().catch(() => null);
  if (answer) offerBuckets(answer.buckets.map(({ bucket }) => bucket));
}
