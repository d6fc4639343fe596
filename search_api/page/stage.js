/** Where two pictures are compared: beside or upon one another, enlarged together. */

import { make } from "./elements.js";

const MODES = { beside: "Side by side", fade: "Fade", curtain: "Curtain", blink: "Blink" };
const BLINK_MS = 700;
const CALM_MS = 2500; // for those who want little motion
const DEEPEST = 8;

/**
 * Makes a stage.
 * @returns {{element: HTMLElement, modes: HTMLElement, controls: HTMLElement,
 *   show: (pictures: object) => void, zoom: (factor: number, whole?: boolean) => void, rest: () => void}}
 */
export function makeStage() {
  const query = make("figure", { class: "pane mine" });
  const found = make("figure", { class: "pane theirs" });
  const element = make("div", { class: "stage", "data-mode": "beside" }, query, found);
  const { modes, controls, rest, resume } = makeControls(element);
  const { zoom, whole } = makeZoom(element);
  const show = ({ query: canvas, where, found: source, queryWords, foundWords }) => {
    whole();
    resume();
    const lacking = make("p", { class: "lacking" }, "Your browser has no picture of this.");
    if (canvas) canvas.setAttribute("role", "img");
    canvas?.setAttribute("aria-label", queryWords);
    const inset = canvas && where ? make("div", { class: "where", "aria-hidden": "true" }, where) : null;
    query.replaceChildren(...[canvas ?? lacking, make("figcaption", {}, queryWords), inset].filter(Boolean));
    found.replaceChildren(make("img", { src: source, alt: foundWords, draggable: "false" }), make("figcaption", {}, foundWords));
  };
  return { element, modes, controls, show, zoom: (factor, all) => (all ? whole() : zoom(factor)), rest };
}

function makeControls(element) {
  const slider = /** @type {HTMLInputElement} */ (make("input", { type: "range", min: "0", max: "100", value: "50", "aria-label": "From your picture to the found one" }));
  const controls = make("div", { class: "mix", hidden: true }, make("span", {}, "Yours"), slider, make("span", {}, "Found"));
  const mix = () => element.style.setProperty("--mix", String(Number(slider.value) / 100));
  let blinking = 0;
  const rest = () => clearInterval(blinking);
  const choose = (mode) => {
    rest();
    element.dataset.mode = mode;
    element.classList.remove("swapped");
    controls.hidden = mode !== "fade" && mode !== "curtain";
    controls.classList.toggle("bare", mode === "curtain"); // the curtain's sides name themselves
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (mode === "blink") blinking = setInterval(() => element.classList.toggle("swapped"), calm ? CALM_MS : BLINK_MS);
  };
  slider.addEventListener("input", mix);
  mix();
  const modes = make("fieldset", { class: "modes" }, make("legend", { class: "unseen" }, "How to compare"));
  for (const [mode, words] of Object.entries(MODES)) {
    const radio = make("input", { type: "radio", name: "compare-mode", value: mode, checked: mode === "beside", onchange: () => choose(mode) });
    modes.append(make("label", {}, radio, make("span", {}, words)));
  }
  return { modes, controls, rest, resume: () => choose(element.dataset.mode) };
}

/** Both pictures are enlarged and moved together, so that the same spot is seen in both. */
function makeZoom(element) {
  let [scale, x, y] = [1, 0, 0];
  const apply = () => {
    const most = (scale - 1) / 2;
    [x, y] = [x, y].map((value) => Math.min(Math.max(value, -most), most));
    element.style.setProperty("--scale", String(scale));
    element.style.setProperty("--x", `${x * 100}%`);
    element.style.setProperty("--y", `${y * 100}%`);
    element.classList.toggle("near", scale > 1);
  };
  const zoom = (factor) => {
    const next = Math.min(Math.max(scale * factor, 1), DEEPEST);
    [x, y, scale] = [(x * next) / scale, (y * next) / scale, next];
    apply();
  };
  const whole = () => {
    [scale, x, y] = [1, 0, 0];
    apply();
  };
  element.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15);
  }, { passive: false });
  element.addEventListener("dblclick", () => (scale > 1 ? whole() : zoom(3)));
  element.addEventListener("pointerdown", (event) => { if (scale > 1) element.setPointerCapture(event.pointerId); });
  element.addEventListener("pointermove", (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    const { width, height } = element.querySelector(".pane").getBoundingClientRect();
    x += event.movementX / width;
    y += event.movementY / height;
    apply();
  });
  return { zoom, whole };
}
