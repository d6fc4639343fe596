/** Shows on the query where a hit was found inside it, while that hit is pointed at or has the focus. */

import { byId } from "./elements.js";
import { layOver, readRegion } from "./region.js";

/** Watches the hits. */
export function watchSpots() {
  const pictures = byId("pictures");
  for (const name of ["pointerover", "focusin"]) pictures.addEventListener(name, ({ target }) => show(target.closest(".card")));
  pictures.addEventListener("pointerleave", () => show(document.activeElement?.closest(".card")));
  pictures.addEventListener("focusout", () => show(null));
}

/** @param {?HTMLElement} card none, or one found by the whole, takes the spot away. */
function show(card) {
  const region = readRegion(card?.dataset.box);
  const spot = byId("spot");
  spot.hidden = !region;
  if (region) layOver(spot, region);
}
