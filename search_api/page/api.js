/** Speaks to Seenit's API; every failure leaves as a Trouble. */

/**
 * @typedef {{bucket: string, key: string, user_key: ?string, url: ?string}} Place
 * @typedef {{image_id: string, similarity: number, match: "exact"|"near_duplicate"|"similar",
 *   view?: string, box: ?string, width: number, height: number, format: string, bytes: number,
 *   objects: Place[]}} Hit
 * @typedef {{query: {image_id: string, width: number, height: number, known: boolean, preview: ?string},
 *   thresholds: {near_duplicate: ?number}, hits: Hit[], next_cursor: ?string}} Answer
 * @typedef {{file: File}|{imageId: string}|{url: string}|{bucket: string, key: string}} Query
 */

const LARGEST = 32 * 2 ** 20;
const SOON_S = 5;
const KINDS = {
  401: "locked", 403: "locked", 404: "unknown", 408: "slow", 413: "too_large", 415: "not_a_picture",
  422: "unclear", 429: "busy", 502: "far", 503: "down", 504: "far",
};

/** Anything that kept an answer from coming. */
export class Trouble extends Error {
  /**
   * @param {string} kind one of `KINDS`, `broken`, `unread`, `url_off`, `bad_url`, `offline`, `other`.
   * @param {string} message one sentence from the API, or none.
   * @param {number} [retryAfter] seconds; 0 where trying again by itself makes no sense.
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
 * @param {URLSearchParams} fields everything else that is asked.
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export async function search(query, fields, signal) {
  const asked = new URLSearchParams(fields);
  if (!("file" in query)) {
    // An object comes as `key` and the first `bucket`; further buckets are a filter.
    const named = new URLSearchParams(inAddress(query));
    return call(`/v1/search?${named}&${asked}`, { signal });
  }
  const body = new FormData();
  body.set("image", query.file);
  return call(`/v1/search?${asked}`, { method: "POST", body, signal }).catch(async (trouble) => {
    throw trouble.kind === "offline" ? await unsent(query.file) ?? trouble : trouble;
  });
}

/** Tells why a file may not have reached the server, if it is the file's own fault: the browser does not. */
async function unsent(file) {
  // A server that refuses a large body hangs up before it was sent; the browser sees no answer.
  if (file.size > LARGEST) return new Trouble("too_large", "It is larger than this server takes.");
  const there = await file.slice(0, 1).arrayBuffer().then(() => true, () => false);
  return there ? null : new Trouble("unread", "");
}

/**
 * Names a query as links and the API's query string do.
 * @param {Exclude<Query, {file: File}>} query
 * @returns {Record<string, string>}
 */
export function inAddress(query) {
  if ("imageId" in query) return { image_id: query.imageId };
  return "url" in query ? { url: query.url } : { bucket: query.bucket, key: query.key };
}

/**
 * Lists stored objects, page by page.
 * @param {URLSearchParams} fields `bucket`, `prefix`, `state`, `limit`, `cursor`.
 * @param {AbortSignal} [signal]
 * @returns {Promise<{objects: {bucket: string, key: string, image_id: ?string}[], next_cursor: ?string}>}
 */
export const listObjects = (fields, signal) => call(`/v1/objects?${fields}`, { signal });

/** @returns {Promise<{objects: number, images: number, rejected: number, url_search: boolean,
 *   progress: ?{active: boolean, done: number, total: number, rate: number, eta_s: ?number}}>} */
export const stats = () => call("/v1/stats");

/**
 * Counts rejections by reason.
 * @param {URLSearchParams} fields `bucket`, `prefix`.
 * @param {AbortSignal} [signal]
 * @returns {Promise<{reasons: {reason: string, objects: number}[]}>} the most frequent first.
 */
export const rejections = (fields, signal) => call(`/v1/rejections?${fields}`, { signal });

/**
 * Tells an image's facts and where it is.
 * @param {string} imageId
 * @param {AbortSignal} [signal]
 * @returns {Promise<{image_id: string, width: number, height: number, format: string, bytes: number,
 *   objects: (Place & {last_modified: string})[]}>}
 */
export const image = (imageId, signal) => call(`/v1/images/${encodeURIComponent(imageId)}`, { signal });

/** @returns {Promise<{buckets: {bucket: string}[]}>} */
export const buckets = () => call("/v1/buckets");

/**
 * Names an image's thumbnail.
 * @param {string} imageId
 * @param {number} size pixels of the longer side.
 * @returns {string} a path of the API.
 */
export const thumbnail = (imageId, size) => `/v1/images/${encodeURIComponent(imageId)}/thumbnail?size=${size}`;

/**
 * Opens a session, of which a cookie tells that scripts cannot read; pictures and links carry it too.
 * @param {string} token
 * @returns {Promise<Response>} Trouble `locked` where the token is wrong.
 */
export const signIn = (token) => ask("/v1/session", { method: "POST", headers: { Authorization: `Bearer ${token}` } });

async function call(path, init) {
  const response = await ask(path, init);
  return response.json().catch(lost);
}

/** A connection may end before an answer and within it; that someone stopped waiting is no trouble. */
function lost(error) {
  throw error.name === "AbortError" ? error : new Trouble("offline", "");
}

async function ask(path, init) {
  const response = await fetch(path, init).catch(lost);
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  const message = problem.detail ?? problem.title ?? `HTTP ${response.status}`;
  throw new Trouble(kindOf(response.status, problem), message, retryAfter(response));
}

function kindOf(status, { detail = "", reason }) {
  if (status === 415 && reason && !["not_a_picture", "unsupported_format"].includes(reason)) return "broken";
  if (status === 400 && detail.startsWith("url:")) return detail.endsWith("off") ? "url_off" : "bad_url";
  return KINDS[status] ?? "other";
}

/** Both refusals of an overload pass by themselves; an HTTP date instead of seconds is a while. */
function retryAfter({ status, headers }) {
  if (status !== 429 && status !== 503) return 0;
  return Math.max(1, Number(headers.get("Retry-After")) || SOON_S);
}
