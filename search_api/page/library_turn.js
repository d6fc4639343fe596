/** Which picture is looked at: opening, turning to its neighbours, closing; the address follows. */

import { byId } from "./elements.js";
import { look, lookAway, showTurns } from "./library_look.js";

/** @type {?HTMLElement} the link it was opened by, if it is in view. */
let opened = null;

const links = () => /** @type {HTMLElement[]} */ ([...byId("view").querySelectorAll("[data-image]")]);

/**
 * Looks at what the address names.
 * @param {string} imageId none closes the dialog.
 * @param {?HTMLElement} by the link that was followed, of several with this image.
 */
export function lookAt(imageId, by) {
  if (!imageId) {
    if (byId("look").open) lookAway();
    return;
  }
  if (by) opened = by;
  if (opened?.dataset.image !== imageId) opened = links().find((link) => link.dataset.image === imageId) ?? null;
  look(imageId, opened?.dataset.key ?? "");
}

/**
 * Says whether there are pictures before and behind, as far as is known by now.
 * @param {boolean} more whether there are further pages.
 */
export function tellTurns(more) {
  const all = links();
  const at = opened ? all.indexOf(opened) : -1;
  showTurns({ before: at > 0, next: at >= 0 && (at < all.length - 1 || more) });
}

/**
 * Listens to the dialog.
 * @param {object} library
 * @param {(imageId: string) => void} library.turn puts another picture into the address.
 * @param {() => Promise<void>} library.proceed shows the next page.
 * @param {() => void} library.closed is told when someone has closed it.
 */
export function listenToLook({ turn, proceed, closed }) {
  const dialog = byId("look");
  const step = async (by) => {
    if (!opened) return;
    const neighbour = () => links()[links().indexOf(opened) + by];
    if (!neighbour() && by > 0) await proceed();
    const to = opened && neighbour(); // it may have been closed while that page was on its way
    if (!to) return;
    opened = to;
    to.scrollIntoView({ block: "nearest" });
    turn(to.dataset.image);
  };
  dialog.addEventListener("close", () => {
    opened?.focus();
    opened = null;
    closed();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  byId("look-close").addEventListener("click", () => dialog.close());
  byId("look-before").addEventListener("click", () => step(-1));
  byId("look-next").addEventListener("click", () => step(1));
}
