/** The filters: one bucket or all, and the least similarity. */

import { byId, make } from "./elements.js";
import { percent } from "./wording.js";

/**
 * Listens to the filters.
 * @param {(filters: import("./api.js").Filters) => void} onChange
 */
export function watchFilters(onChange) {
  const form = byId("filters");
  form.addEventListener("change", () => onChange({ bucket: byId("bucket").value, least: leastChosen() }));
  form.addEventListener("submit", (event) => event.preventDefault());
  byId("least").addEventListener("input", showLeast);
}

/**
 * Shows filters that the address brought.
 * @param {import("./api.js").Filters} filters
 */
export function showFilters({ bucket, least }) {
  offerBuckets(bucket ? [bucket] : []);
  byId("bucket").value = bucket;
  byId("least").value = String(Math.round(least * 100));
  showLeast();
}

/**
 * Adds buckets to choose from; those that are offered already stay as they are.
 * @param {string[]} names
 */
export function offerBuckets(names) {
  const select = /** @type {HTMLSelectElement} */ (byId("bucket"));
  const offered = new Set(Array.from(select.options, (option) => option.value));
  for (const name of names) {
    if (!offered.has(name)) select.append(make("option", { value: name }, name));
  }
}

/** Unrelated pictures are about half alike, so the slider starts there, where it filters nothing. */
function leastChosen() {
  const { value, min } = /** @type {HTMLInputElement} */ (byId("least"));
  return value === min ? 0 : Number(value) / 100;
}

function showLeast() {
  const least = leastChosen();
  byId("least-value").textContent = least ? percent(least) : "any";
}
