/** How ingest goes on, as far as this API can see it. */

import { stats } from "./api.js";
import { byId, make } from "./elements.js";
import { heard } from "./troubles.js";
import { ago, count, duration } from "./wording.js";

const SOON_MS = 1000;
const LATEST_MS = 20_000;
const SLOWER = 1.6;
const DUTY = 10; // an answer that took its time is asked for the less often
const WINDOW_MS = 20_000;

/** How fast a number grows, from looks at it. */
class Pace {
  #looks = [];

  /**
   * Takes a look.
   * @param {number} n
   * @param {number} now milliseconds.
   * @returns {number} how much it grew a second, lately; 0 where it did not grow.
   */
  look(n, now) {
    this.#looks.push({ n, now });
    while (this.#looks.length > 2 && now - this.#looks[0].now > WINDOW_MS) this.#looks.shift();
    const [first] = this.#looks;
    return now > first.now ? Math.max(0, n - first.n) / ((now - first.now) / 1000) : 0;
  }
}

/**
 * Puts an answer of `/v1/stats` into words.
 * @param {object} told the answer.
 * @param {number} pace objects a second that became searchable, as seen from here.
 * @returns {{state: string, words: string, share: ?number, figures: [string, string][]}}
 */
function inWords(told, pace) {
  const { progress, newest, now } = told;
  const fresh = newest ? [["Newest", ago(Date.parse(now) - Date.parse(newest))]] : [];
  if (!progress) {
    const growing = pace > 0;
    const figures = growing ? [["New", rate(pace)], ...fresh] : fresh;
    return { state: growing ? "busy" : "quiet", words: growing ? "Taking in pictures" : "No change just now", share: null, figures };
  }
  const { active, done, total, rate: speed, eta_s: left, waiting, freshness_s: freshness } = progress;
  const behind = waiting ? [["Waiting", count(waiting)]] : [];
  const lately = freshness === null || freshness === undefined ? [] : [["Searchable after", lasting(freshness)]];
  if (active && total) {
    const figures = [["Done", `${count(done)} of ${count(total)}`], ...(left ? [["Left", duration(left)]] : []), ["Rate", rate(speed)], ...behind];
    return { state: "busy", words: "Indexing", share: Math.min(1, done / total), figures };
  }
  if (waiting) {
    const figures = [...behind, ...(pace ? [["Rate", rate(pace)]] : []), ...lately, ...fresh];
    return { state: "busy", words: "Taking in changes", share: null, figures };
  }
  return { state: "quiet", words: "Up to date", share: null, figures: [...fresh, ...lately] };
}

const rate = (n) => (n >= 10 ? `${count(Math.round(n))} a second` : `${n.toFixed(1)} a second`);

const lasting = (seconds) => (seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds));

/**
 * Looks at ingest, often while it works, ever less often while it rests, not at all unseen.
 * @param {(told: object) => Promise<void>} onLook called with each answer.
 * @returns {() => void} looks at once.
 */
export function watch(onLook) {
  const pace = new Pace();
  let [before, wait, timer] = ["", SOON_MS, 0];

  async function look() {
    const began = performance.now();
    let refusal = null;
    const told = await stats().catch((trouble) => { refusal = trouble; });
    heard(refusal);
    if (told) {
      const known = inWords(told, pace.look(told.objects - told.rejected, Date.parse(told.now)));
      await onLook(told); // first, as the buckets stand above
      show(known, !told.progress);
      const state = [told.objects, told.rejected, told.newest].join();
      wait = state !== before || known.state === "busy" ? SOON_MS : wait * SLOWER;
      before = state;
    } else {
      const words = refusal.kind === "locked" ? "Waits for a token" : "No answer from Seenit";
      show({ state: "away", words, share: null, figures: [] }, false);
      wait *= 2;
    }
    wait = Math.max(Math.min(wait, LATEST_MS), (performance.now() - began) * DUTY);
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(look, wait);
  }

  function lookNow() {
    clearTimeout(timer);
    wait = SOON_MS;
    if (!document.hidden) look();
  }

  document.addEventListener("visibilitychange", lookNow);
  lookNow();
  return lookNow;
}

function show({ state, words, share, figures }, elsewhere) {
  byId("intake").dataset.state = state;
  byId("intake-state").textContent = words;
  const bar = /** @type {HTMLProgressElement} */ (byId("intake-bar"));
  bar.hidden = share === null;
  if (share !== null) bar.value = share;
  byId("intake-note").hidden = !elsewhere;
  byId("intake-figures").replaceChildren(...figures.map(([term, figure]) => make("div", {}, make("dt", {}, term), make("dd", {}, figure))));
}
