/** What is in the library: its first pictures, its buckets, its totals as they change. */

import { buckets, stats } from "./api.js";
import { tile } from "./cards.js";
import { byId, make } from "./elements.js";
import { offerBuckets } from "./filters.js";
import { count, counted, duration } from "./wording.js";

const SOON_MS = 2000;
const LATER_MS = 5000;

/**
 * Adds tiles, one an image, below those that are shown.
 * @param {{image_id: string, bucket: string, key: string}[]} objects
 */
export function addTiles(objects) {
  const pictures = byId("pictures");
  const grid = pictures.querySelector(".grid") ?? make("ul", { class: "grid small", role: "list" });
  const shown = new Set(Array.from(grid.querySelectorAll("[data-search]"), (link) => link.dataset.search));
  for (const object of objects) {
    if (shown.has(object.image_id)) continue;
    shown.add(object.image_id);
    grid.append(tile(object));
  }
  pictures.append(grid);
}

/**
 * Keeps the strip of totals true, often while they change and rarely otherwise.
 * @param {(images: number) => void} onChange called with the number of images when it changed.
 */
export async function watchTotals(onChange) {
  let before = "";
  for (;;) {
    const now = document.hidden ? null : await stats().catch(() => null);
    const state = now && [now.objects, now.images, now.rejected, now.progress?.active].join();
    const changed = state !== null && state !== before;
    if (now) showTotals(now);
    if (changed) {
      before = state;
      onChange(now.images);
      await fillBuckets();
    }
    await new Promise((resolve) => { setTimeout(resolve, changed || now?.progress?.active ? SOON_MS : LATER_MS); });
  }
}

function showTotals({ objects, images, rejected, progress }) {
  byId("totals").hidden = false;
  byId("total-objects").textContent = count(objects);
  byId("total-images").textContent = count(images);
  byId("total-rejected").textContent = count(rejected);
  const running = Boolean(progress?.active && progress.total);
  byId("ingest").hidden = !running;
  if (!running) return;
  const rate = progress.rate ? `, ${counted(Math.round(progress.rate), "picture")} a second` : "";
  const left = progress.eta_s ? `, ${duration(progress.eta_s)} left` : "";
  byId("ingest-words").textContent = `Indexing ${count(progress.done)} of ${count(progress.total)}${rate}${left}`;
  byId("ingest-bar").value = progress.done / progress.total;
}

async function fillBuckets() {
  const answer = await buckets().catch(() => null);
  if (answer) offerBuckets(answer.buckets.map(({ bucket }) => bucket));
}
