/** Speaks to Seenit's API; every failure leaves as a Trouble. */

/**
 * @typedef {{bucket: string, key: string, user_key: ?string, url: ?string}} Place
 * @typedef {{image_id: string, similarity: number, match: "exact"|"near_duplicate"|"similar",
 *   width: number, height: number, format: string, bytes: number, thumbnail: string,
 *   objects: Place[]}} Hit
 * @typedef {{query: {image_id: string, width: number, height: number, known: boolean},
 *   hits: Hit[], next_cursor: ?string}} Answer
 * @typedef {{file: File}|{imageId: string}|{url: string}} Query
 * @typedef {{bucket: string, least: number}} Filters
 */

const PAGE_SIZE = "24";
const LARGEST = 32 * 2 ** 20;
const KINDS = { 404: "unknown", 413: "too_large", 415: "not_a_picture", 429: "busy", 503: "down" };

/** Anything that kept an answer from coming. */
export class Trouble extends Error {
  /**
   * @param {string} kind `not_a_picture`, `too_large`, `busy`, `down`, `offline`, `unknown`
   *   or `other`.
   * @param {string} message one sentence from the API, or none.
   * @param {number} [retryAfter] seconds.
   */
  constructor(kind, message, retryAfter = 0) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/**
 * Looks for a picture.
 * @param {Query} query
 * @param {Filters} filters
 * @param {?string} cursor of the page before.
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export function search(query, filters, cursor, signal) {
  const fields = selection(filters, cursor);
  if (filters.least > 0) fields.set("min_similarity", String(filters.least));
  if (!("file" in query)) {
    if ("imageId" in query) fields.set("image_id", query.imageId);
    else fields.set("url", query.url);
    return call(`/v1/search?${fields}`, { signal });
  }
  const body = new FormData();
  for (const [name, value] of fields) body.set(name, value);
  body.set("image", query.file);
  return call("/v1/search", { method: "POST", body, signal }).catch((trouble) => {
    // A server that refuses a large body hangs up before it was sent; the browser sees no answer.
    const refused = trouble.kind === "offline" && query.file.size > LARGEST;
    throw refused ? new Trouble("too_large", "It is larger than this server takes.") : trouble;
  });
}

/**
 * Lists what is indexed, page by page.
 * @param {Filters} filters only the bucket counts.
 * @param {?string} cursor
 * @param {AbortSignal} signal
 * @returns {Promise<{objects: {bucket: string, key: string, image_id: string}[], next_cursor: ?string}>}
 */
export function listObjects(filters, cursor, signal) {
  const fields = selection(filters, cursor);
  fields.set("state", "indexed");
  return call(`/v1/objects?${fields}`, { signal });
}

/** @returns {Promise<{objects: number, images: number, rejected: number,
 *   progress: ?{active: boolean, done: number, total: number, rate: number, eta_s: ?number}}>} */
export const stats = () => call("/v1/stats");

/** @returns {Promise<{buckets: {bucket: string}[]}>} */
export const buckets = () => call("/v1/buckets");

/**
 * Names an image's thumbnail.
 * @param {string} imageId
 * @param {number} size pixels of the longer side.
 * @returns {string} a path of the API.
 */
export const thumbnail = (imageId, size) => `/v1/images/${encodeURIComponent(imageId)}/thumbnail?size=${size}`;

function selection({ bucket }, cursor) {
  const fields = new URLSearchParams({ limit: PAGE_SIZE });
  if (bucket) fields.set("bucket", bucket);
  if (cursor) fields.set("cursor", cursor);
  return fields;
}

async function call(path, init) {
  let response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Trouble("offline", "");
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  const kind = KINDS[response.status] ?? "other";
  const retryAfter = Number(response.headers.get("Retry-After")) || 0;
  throw new Trouble(kind, problem.detail ?? problem.title ?? `HTTP ${response.status}`, retryAfter);
}
