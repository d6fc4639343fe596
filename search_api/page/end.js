/** The end of the pictures: says that more is to come, and asks for it when the end comes near. */

import { byId } from "./elements.js";

const AHEAD = "900px";

let wanted = () => {};

const ending = new IntersectionObserver(
  ([end]) => { if (end.isIntersecting && !byId("more").hidden) wanted(); }, { rootMargin: AHEAD },
);

/** @param {() => void} onWanted called when the end comes near and there is more, or when a person asks for it. */
export function watchEnd(onWanted) {
  wanted = onWanted;
  byId("more").addEventListener("click", onWanted);
}

/**
 * Shows whether pictures are awaited.
 * @param {boolean} busy
 * @param {boolean} more whether there are more than those that are shown.
 */
export function showAwaited(busy, more) {
  const adding = busy && more; // what is shown stays in force
  document.body.classList.toggle("busy", busy && !adding);
  byId("end").textContent = adding ? "More to come…" : "";
  byId("pictures").setAttribute("aria-busy", String(busy));
  byId("more").hidden = busy || !more || !byId("trouble").hidden;
  ending.unobserve(byId("end")); // observed anew it tells at once, also when the end never left the window
  ending.observe(byId("end"));
}
