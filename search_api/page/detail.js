/** The frame that is drawn around a detail of the query, by mouse, finger or keys. */

import { byId } from "./elements.js";
import { LEAST, MIDDLE, between, layOver, moved, regionWords, resized } from "./region.js";

const STEP = 0.02;
const REST_MS = 450; // after the last key, the search begins
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/** @type {?import("./region.js").Region} */
let region = null;
let tell = (/** @type {?import("./region.js").Region} */ _) => {};
let resting = 0;

/**
 * Listens for a detail being drawn, moved, resized or removed.
 * @param {(region: ?import("./region.js").Region) => void} onChange called when it is settled.
 */
export function watchDetail(onChange) {
  tell = onChange;
  byId("frame").addEventListener("pointerdown", begin);
  byId("frame").addEventListener("dragstart", (event) => event.preventDefault());
  byId("detail").addEventListener("keydown", press);
  byId("pick").addEventListener("click", () => {
    settle(region ? null : { ...MIDDLE });
    (region ? byId("detail") : byId("pick")).focus({ preventScroll: true });
  });
}

/**
 * Shows a detail, or none.
 * @param {?import("./region.js").Region} shown
 */
export function showDetail(shown) {
  region = shown;
  const detail = byId("detail");
  detail.hidden = !region;
  byId("pick").setAttribute("aria-pressed", String(Boolean(region)));
  byId("pick-words").textContent = region ? "Search the whole picture" : "Search a detail";
  if (!region) return;
  layOver(detail, region);
}

function settle(chosen) {
  clearTimeout(resting);
  showDetail(chosen);
  byId("detail-words").textContent = chosen ? `Detail: ${regionWords(chosen)}` : "The whole picture";
  tell(chosen);
}

/** Starts a drag: of a corner, of the detail, or of a new one. */
function begin(event) {
  const frame = byId("frame");
  const unable = event.button !== 0 || frame.classList.contains("bare");
  // A finger on the bare picture scrolls the page; once there is a detail, it draws.
  if (unable || (event.pointerType === "touch" && !region)) return;
  event.preventDefault();
  clearTimeout(resting);
  const before = region;
  const follow = follower(event);
  const move = (later) => showDetail(follow(place(later)));
  const end = (later) => {
    stop.abort();
    if (later.type === "pointercancel") return showDetail(before);
    if (region && region.w >= LEAST && region.h >= LEAST && region !== before) settle(region);
    else showDetail(before); // a click, no drawing
    if (region) byId("detail").focus({ preventScroll: true });
  };
  const stop = new AbortController();
  frame.setPointerCapture(event.pointerId);
  frame.addEventListener("pointermove", move, { signal: stop.signal });
  for (const name of ["pointerup", "pointercancel"]) frame.addEventListener(name, end, { signal: stop.signal });
}

function follower(event) {
  const start = place(event);
  const before = region;
  const corner = event.target.dataset.corner;
  if (before && corner) {
    const fixed = {
      x: corner.includes("w") ? before.x + before.w : before.x,
      y: corner.includes("n") ? before.y + before.h : before.y,
    };
    return (now) => between(fixed, now);
  }
  if (before && event.target.id === "detail") return (now) => moved(before, now.x - start.x, now.y - start.y);
  return (now) => between(start, now);
}

function place({ clientX, clientY }) {
  const { left, top, width, height } = byId("frame").getBoundingClientRect();
  return { x: (clientX - left) / width, y: (clientY - top) / height };
}

function press(event) {
  if (["Delete", "Backspace", "Escape"].includes(event.key)) {
    event.preventDefault();
    settle(null);
    byId("pick").focus({ preventScroll: true });
  } else if (event.key in ARROWS) {
    event.preventDefault();
    showDetail((event.shiftKey ? resized : moved)(region, ...ARROWS[event.key]));
    clearTimeout(resting);
    resting = setTimeout(() => settle(region), REST_MS);
  }
}
