/** The way around: buckets with their counts, the folders above, the heading. */

import { byId, make, spelled } from "./elements.js";
import { addressOf, foldersOf, parted } from "./library_address.js";
import { count } from "./wording.js";

const TYPING_MS = 250;

/**
 * @typedef {{bucket: string, objects: number, indexed: number, rejected: number}} Bucket
 */

/**
 * Lists the buckets and how much each holds.
 * @param {Bucket[]} buckets
 * @param {import("./library_address.js").Place} place where one is.
 */
export function showBuckets(buckets, place) {
  const sum = (name) => buckets.reduce((total, bucket) => total + bucket[name], 0);
  const entry = (to, words, n, kind = "") => make(
    "li", { class: kind },
    make(
      "a", { href: addressOf(to), "data-go": true, "aria-current": isAt(to, place) ? "page" : undefined },
      make("bdi", { class: "name", title: words }, words), " ",
      make("span", { class: "n" }, count(n)),
    ),
  );
  const entries = [
    entry({}, "Everything", sum("indexed"), "all"),
    ...buckets.map(({ bucket, indexed }) => entry({ bucket }, bucket, indexed)),
    entry({ rejected: true }, "Not indexed", sum("rejected"), "not"),
  ];
  keepingFocus(byId("buckets"), entries);
}

const isAt = (to, place) => (to.bucket ?? "") === (to.rejected ? "" : place.bucket) && Boolean(to.rejected) === place.rejected;

/** The same link has the focus afterwards. */
function keepingFocus(list, entries) {
  const focused = list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  list.replaceChildren(...entries);
  if (focused) list.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

/**
 * Says where one is and how one got there.
 * @param {import("./library_address.js").Place} place
 */
export function showWhere(place) {
  const steps = stepsTo(place);
  const title = steps.pop().name;
  byId("crumbs").replaceChildren(...steps.map(({ name, to }) => make(
    "li", {}, make("a", { href: addressOf(to), "data-go": true }, make("bdi", {}, name)),
  )));
  byId("title").replaceChildren(make("bdi", {}, title));
  document.title = `${spelled(title)} · Seenit`;
  showNarrowing(place);
}

function stepsTo({ bucket, prefix, flat, rejected }) {
  if (rejected) {
    const steps = [{ name: "Everything", to: {} }, { name: "Not indexed", to: { rejected } }];
    return bucket ? [...steps, { name: bucket, to: { rejected, bucket } }] : steps;
  }
  const steps = [{ name: "Everything", to: {} }];
  if (bucket) steps.push({ name: bucket, to: { bucket, flat } });
  for (const { name, prefix: above } of foldersOf(parted(prefix).folder)) {
    steps.push({ name: name || "(no name)", to: { bucket, prefix: above, flat } });
  }
  return steps;
}

function showNarrowing({ bucket, prefix, flat, rejected }) {
  const starts = /** @type {HTMLInputElement} */ (byId("starts"));
  byId("narrow").hidden = rejected;
  byId("switch").hidden = !bucket;
  byId("by-folder").setAttribute("aria-pressed", String(!flat));
  byId("flat").setAttribute("aria-pressed", String(flat));
  // Not while someone types: what they have typed since is newer than this.
  if (document.activeElement !== starts) starts.value = parted(prefix).starts;
}

/**
 * Listens to the field that narrows and to the switch between folders and all below.
 * @param {() => import("./library_address.js").Place} where tells where one is.
 * @param {(place: import("./library_address.js").Place, how?: {replace: boolean}) => void} go
 */
export function listenToNarrowing(where, go) {
  let timer = 0;
  const narrow = () => {
    clearTimeout(timer);
    const { folder, starts } = parted(where().prefix);
    const typed = byId("starts").value;
    if (typed !== starts) go({ ...where(), prefix: folder + typed, image: "" }, { replace: true });
  };
  byId("starts").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(narrow, TYPING_MS);
  });
  byId("narrow").addEventListener("submit", (event) => {
    event.preventDefault();
    narrow();
  });
  byId("by-folder").addEventListener("click", () => go({ ...where(), flat: false }));
  byId("flat").addEventListener("click", () => go({ ...where(), flat: true }));
}
