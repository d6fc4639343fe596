/** The filters as a person sees them: a slider, a form that unfolds, and what is in force. */

import { byId, make } from "./elements.js";
import { FORMATS, NONE, namedFilters } from "./filters.js";
import { leastWords } from "./verdicts.js";
import { percent } from "./wording.js";

const TYPED = ["prefix", "user_key", "min_width", "min_height", "modified_after", "modified_before"];

let thresholds = { near_duplicate: null };
let change = (/** @type {import("./filters.js").Filters} */ _) => {};

/**
 * Listens to the filters.
 * @param {(filters: import("./filters.js").Filters) => void} onChange
 */
export function watchFilters(onChange) {
  change = onChange;
  const form = /** @type {HTMLFormElement} */ (byId("filters"));
  const opener = byId("filters-open");
  opener.addEventListener("click", () => {
    form.hidden = !form.hidden;
    opener.setAttribute("aria-expanded", String(!form.hidden));
  });
  form.addEventListener("change", (event) => { if (makesSense(event.target)) onChange(chosen()); });
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("least").addEventListener("input", showLeast);
  byId("least").addEventListener("change", () => onChange(chosen()));
  offer("format", FORMATS);
}

/**
 * Shows filters, such as the address brought.
 * @param {import("./filters.js").Filters} filters
 */
export function showFilters(filters) {
  for (const name of ["bucket", "format"]) {
    offer(name, filters[name]);
    for (const box of boxes(name)) box.checked = filters[name].includes(box.value);
  }
  for (const name of TYPED) field(name).value = filters[name] || "";
  byId("least").value = String(Math.round(filters.min_similarity * 100));
  showLeast();
  showInForce(filters);
}

/**
 * Adds buckets to choose from; those that are offered already stay as they are.
 * @param {string[]} names
 */
export const offerBuckets = (names) => offer("bucket", names);

/**
 * Lets the slider speak of what the model's similarities mean.
 * @param {import("./verdicts.js").Thresholds} now
 */
export function explainLeast(now) {
  thresholds = now;
  showLeast();
}

/** @returns {import("./filters.js").Filters} */
function chosen() {
  const filters = { ...NONE, min_similarity: least() };
  for (const name of ["bucket", "format"]) filters[name] = boxes(name).filter((box) => box.checked).map((box) => box.value);
  for (const name of TYPED) filters[name] = typeof NONE[name] === "number" ? Number(field(name).value) : field(name).value;
  return filters;
}

/** Each digit of a year makes another day, so that of days that make no sense yet nothing is said. */
function makesSense({ form, type }) {
  const [first, last] = [field("modified_after"), field("modified_before")];
  const turned = first.value && last.value && first.value > last.value;
  last.setCustomValidity(turned ? "This day comes before the other one." : "");
  return type === "date" ? form.checkValidity() : form.reportValidity();
}

function showInForce(filters) {
  const named = namedFilters(filters);
  byId("filters-count").textContent = named.length ? ` (${named.length})` : "";
  byId("in-force").hidden = !named.length;
  byId("in-force").replaceChildren(...named.map(({ words, without }) => make("li", {}, make(
    "button", { type: "button", "aria-label": `Remove the filter: ${words}`, onclick: () => remove(without) },
    make("bdi", {}, words), make("span", { "aria-hidden": "true" }, " ×"),
  ))));
}

/** The pressed chip goes with its filter; the focus must not fall to the page's beginning. */
function remove(without) {
  change(without);
  byId("filters-open").focus();
}

function offer(name, values) {
  const offered = new Set(boxes(name).map((box) => box.value));
  for (const value of values) {
    if (offered.has(value)) continue;
    const box = make("input", { type: "checkbox", value });
    byId(`filter-${name}`).append(make("label", {}, box, make("span", {}, make("bdi", {}, value))));
  }
}

const boxes = (name) => Array.from(byId(`filter-${name}`).querySelectorAll("input"));
const field = (name) => /** @type {HTMLFormElement} */ (byId("filters")).elements.namedItem(name);

/** Unrelated pictures are about half alike, so the slider starts there, where it filters nothing. */
function least() {
  const { value, min } = /** @type {HTMLInputElement} */ (byId("least"));
  return value === min ? 0 : Number(value) / 100;
}

function showLeast() {
  const words = leastWords(least(), thresholds);
  const figure = least() && least() < 1 ? `, ${percent(least())} and up` : "";
  byId("least-value").textContent = words + figure;
  byId("least").setAttribute("aria-valuetext", words + figure);
}
