/** The address bar: what is searched for, as far as it can be shared. */

import { inAddress } from "./api.js";
import { readFilters, writeFilters } from "./filters.js";
import { regionText, readRegion } from "./region.js";

/**
 * @typedef {"auto"|"flip"|"rotate"} View
 * @typedef {{query: ?import("./api.js").Query, box: ?import("./region.js").Region,
 *   views: View[], filters: import("./filters.js").Filters}} Asked
 */

/** Ways to look at the query beside the whole of it, and those that are on unless said otherwise. */
export const VIEWS = /** @type {View[]} */ (["auto", "flip", "rotate"]);
const USUAL = "auto";

/** @type {Map<number, File>} uploads of this visit, so that going back finds them. */
const uploads = new Map();

/**
 * Reads what is asked.
 * @returns {Asked & {lost: boolean}} `lost`: an upload was asked about that this page holds no more.
 */
export function read() {
  const fields = new URLSearchParams(location.search);
  const chosen = (fields.get("views") ?? USUAL).split(",");
  const file = uploads.get(history.state?.upload);
  const query = file ? { file } : namedIn(fields);
  return {
    query, lost: Boolean(history.state?.upload) && !query, box: query && readRegion(fields.get("box")),
    views: VIEWS.filter((view) => chosen.includes(view)), filters: readFilters(fields),
  };
}

/**
 * Writes what is asked.
 * @param {Asked} asked
 * @param {{replace?: boolean, known?: ?string}} [how] `known`: the indexed image that an uploaded
 *   picture turned out to be.
 */
export function write(asked, { replace = false, known } = {}) {
  const fields = linkFields(asked, known);
  const upload = asked.query && "file" in asked.query ? numberOf(asked.query.file) : undefined;
  const state = { entry: replace ? history.state?.entry : undefined, upload };
  const address = fields.size ? `/?${fields}` : "/";
  if (replace) history.replaceState(state, "", address);
  else history.pushState(state, "", address);
}

function linkFields({ query, box, views, filters }, known) {
  const fields = new URLSearchParams();
  if (query && "file" in query) {
    if (known) fields.set("image_id", known);
  } else if (query) {
    for (const [name, value] of Object.entries(inAddress(query))) fields.set(name, value);
  }
  if (query && box) fields.set("box", regionText(box));
  if (query && views.join() !== USUAL) fields.set("views", views.join());
  return writeFilters(filters, fields);
}

/**
 * Reads which picture the fields of an address name; those of an object are taken out of them.
 * @param {URLSearchParams} fields
 * @returns {?Exclude<import("./api.js").Query, {file: File}>}
 */
export function namedIn(fields) {
  if (fields.get("image_id")) return { imageId: fields.get("image_id") };
  if (fields.get("url")) return { url: fields.get("url") };
  if (!fields.get("key") || !fields.get("bucket")) return null;
  const [bucket, ...others] = fields.getAll("bucket");
  fields.delete("bucket"); // the first names the object, only the others filter
  for (const other of others) fields.append("bucket", other);
  return { bucket, key: fields.get("key") };
}

function numberOf(file) {
  for (const [number, known] of uploads) if (known === file) return number;
  // Far apart from the numbers of an earlier load of the page, which the history still holds.
  const number = Date.now() + uploads.size;
  uploads.set(number, file);
  return number;
}
