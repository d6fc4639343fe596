/** What narrows a search, as plain values; the names are the API's own. */

/**
 * @typedef {{min_similarity: number, bucket: string[], prefix: string, format: string[],
 *   min_width: number, min_height: number, modified_after: string, modified_before: string,
 *   user_key: string}} Filters
 * Days are `YYYY-MM-DD` of this person's calendar, the last one included.
 */

/** @type {Readonly<Filters>} */
export const NONE = Object.freeze({
  min_similarity: 0, bucket: [], prefix: "", format: [], min_width: 0, min_height: 0,
  modified_after: "", modified_before: "", user_key: "",
});

/** @type {readonly string[]} what pictures can be stored as, in the API's words. */
export const FORMATS = Object.freeze(["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "HEIF"]);

const DAY = /^\d{4}-\d\d-\d\d$/;
const MOST_PIXELS = 1e6;

/**
 * Reads filters; what makes no sense is left out.
 * @param {URLSearchParams} fields
 * @returns {Filters}
 */
export function readFilters(fields) {
  const found = {};
  for (const [name, none] of Object.entries(NONE)) {
    if (Array.isArray(none)) found[name] = [...new Set(fields.getAll(name))];
    else if (typeof none === "number") found[name] = Math.max(0, Number(fields.get(name)) || 0);
    else found[name] = fields.get(name) ?? "";
  }
  found.format = found.format.filter((format) => FORMATS.includes(format));
  found.min_similarity = Math.min(1, found.min_similarity);
  for (const name of ["min_width", "min_height"]) found[name] = Math.min(MOST_PIXELS, Math.round(found[name]));
  for (const name of ["modified_after", "modified_before"]) if (!isDay(found[name])) found[name] = "";
  if (found.modified_before < found.modified_after) found.modified_before = "";
  return /** @type {Filters} */ (found);
}

const isDay = (text) => DAY.test(text) && !Number.isNaN(Date.parse(text));

/**
 * Writes the filters that filter something.
 * @param {Filters} filters
 * @param {URLSearchParams} [fields] written into.
 * @returns {URLSearchParams}
 */
export function writeFilters(filters, fields = new URLSearchParams()) {
  for (const [name, value] of Object.entries(filters)) {
    for (const one of [value].flat()) if (one) fields.append(name, String(one));
  }
  return fields;
}

/**
 * Writes the filters as the API takes them: days become moments.
 * @param {Filters} filters
 * @returns {URLSearchParams}
 */
export function askedFilters(filters) {
  return writeFilters({
    ...filters,
    modified_after: filters.modified_after && moment(filters.modified_after, 0),
    modified_before: filters.modified_before && moment(filters.modified_before, 1),
  });
}

/**
 * Names the filters in force, the least similarity aside, each with what is left without it.
 * @param {Filters} filters
 * @returns {{words: string, without: Filters}[]}
 */
export function namedFilters(filters) {
  const one = (words, name, none = NONE[name]) => ({ words, without: { ...filters, [name]: none } });
  const each = (name, word) => filters[name].map(
    (value) => one(`${word}${value}`, name, filters[name].filter((other) => other !== value)),
  );
  return [
    ...each("bucket", "in "),
    filters.prefix && one(`key starts with ${filters.prefix}`, "prefix"),
    ...each("format", ""),
    filters.min_width && one(`at least ${filters.min_width} px wide`, "min_width"),
    filters.min_height && one(`at least ${filters.min_height} px high`, "min_height"),
    filters.modified_after && one(`from ${filters.modified_after}`, "modified_after"),
    filters.modified_before && one(`until ${filters.modified_before}`, "modified_before"),
    filters.user_key && one(`owner's key ${filters.user_key}`, "user_key"),
  ].filter(Boolean);
}

function moment(day, later) {
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}
