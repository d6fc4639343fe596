/** Puts figures into words; knows nothing of the page. */

const number = new Intl.NumberFormat("en");
const UNITS = ["B", "kB", "MB", "GB"];

/** @param {number} n @returns {string} such as `12,345` */
export const count = (n) => number.format(n);

/** @param {number} n @param {string} one @param {string} [many] @returns {string} such as `3 places` */
export const counted = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;

const PLACES_LISTED = 20;

/** @param {number} n as many as an answer lists @returns {string} such as `3 places` */
export const places = (n) => (n < PLACES_LISTED ? counted(n, "place") : `${n} places or more`);

/** @param {number} bytes @returns {string} such as `81 kB` */
export function size(bytes) {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
  const value = bytes / 1000 ** power;
  return `${value.toFixed(power && value < 10 ? 1 : 0)} ${UNITS[power]}`;
}

/**
 * @param {number} similarity 0 to 1.
 * @returns {string} whole per cent, rounded down so that only the same picture gets 100.
 */
export const percent = (similarity) => `${Math.floor(similarity * 100 + 1e-9)} %`;

/** @param {number} seconds @returns {string} such as `3 min` */
export function duration(seconds) {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** @param {string} words @returns {string} with a capital and a full stop. */
export function sentence(words) {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]?$/.exec(whole)[0] || !whole ? whole : `${whole}.`;
}

/** @param {number} ms @returns {string} how long ago, such as `3 min ago` */
export function ago(ms) {
  const seconds = ms / 1000;
  if (seconds < 5) return "just now";
  if (seconds < 36 * 3600) return `${duration(seconds)} ago`;
  return `${counted(Math.floor(seconds / 86400), "day")} ago`;
}
