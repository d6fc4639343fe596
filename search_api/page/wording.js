/** Puts facts and answers into words; knows nothing of the page. */

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

function sentence(words) {
  const whole = words.charAt(0).toUpperCase() + words.slice(1);
  return /[.!?]?$/.exec(whole)[0] || !whole ? whole : `${whole}.`;
}

/** The badge of each kind of match. */
export const MATCH = { exact: "exact", near_duplicate: "near-duplicate", similar: "similar" };

/**
 * Sums up an answer.
 * @param {import("./api.js").Hit[]} hits
 * @param {boolean} fromLibrary whether an indexed picture was searched with.
 * @returns {{title: string, status: string}}
 */
export function verdict(hits, fromLibrary) {
  const of = (match) => hits.filter((hit) => hit.match === match);
  const [exact, near, similar] = [of("exact"), of("near_duplicate"), of("similar")];
  const found = exact.reduce((sum, hit) => sum + hit.objects.length, 0);
  const edited = near.length ? `; ${counted(near.length, "near-duplicate")}` : "";
  if (exact.length) {
    const title = fromLibrary ? "In the library" : "Yes, seen before";
    return { title, status: `This very file, in ${places(found)}${edited}.` };
  }
  if (near.length) {
    const status = `${counted(near.length, "near-duplicate")}: the same picture, edited or saved anew.`;
    return { title: "Seen before, edited", status };
  }
  if (similar.length) return { title: "Nothing close", status: "These merely look alike." };
  return { title: "Nothing found", status: "No picture passes the filters." };
}

/**
 * Says what went wrong and what to do.
 * @param {import("./api.js").Trouble} trouble
 * @returns {{title: string, advice: string, again: boolean}} `again`: whether to offer a retry.
 */
export function explain({ kind, message, retryAfter }) {
  const wait = retryAfter ? ` Try again in ${duration(retryAfter)}.` : " Try again in a moment.";
  const words = {
    not_a_picture: ["This is not a picture Seenit can read", sentence(message), false],
    too_large: ["This picture is too large", sentence(message), false],
    busy: ["Seenit is busy", `Too many searches at once.${wait}`, true],
    down: ["A part of Seenit does not answer", `${sentence(message)}${wait}`, true],
    offline: ["Seenit cannot be reached", "Check your connection, or whether Seenit is running.", true],
    unknown: ["This picture is not in the library", sentence(message), false],
  };
  const [title, advice, again] = words[kind] ?? ["That did not work", sentence(message), true];
  return { title, advice, again };
}
