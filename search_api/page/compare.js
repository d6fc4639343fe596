/** The query and a hit, side by side or one upon the other, hit by hit. */

import { searchAddress, copier, original } from "./cards.js";
import { keyText, make } from "./elements.js";
import { drawAsSearched, drawWhere } from "./as_searched.js";
import { thumbnail } from "./api.js";
import { readRegion } from "./region.js";
import { makeStage } from "./stage.js";
import { matchWords, viewWords } from "./verdicts.js";
import { percent, size } from "./wording.js";

const SIZE = 1024;

/** @type {?ReturnType<typeof build>} */
let built = null;

/**
 * Opens the comparison.
 * @param {{hits: import("./api.js").Hit[], at: number, thresholds: import("./verdicts.js").Thresholds,
 *   box: ?import("./region.js").Region, yours: string, more: () => Promise<void>}} shown `at`: which hit
 *   is shown first; `yours`: facts of the query; `more`: adds further hits, if there are any.
 */
export function openCompare(shown) {
  built ??= build();
  built.show(shown);
  built.dialog.showModal();
}

function build() {
  const stage = makeStage();
  const parts = {
    title: make("h2", { id: "compare-title", tabindex: "-1", autofocus: true }), words: make("p", { class: "said" }),
    facts: make("dl", { class: "figures" }), does: make("p", { class: "does" }), at: make("span", { class: "at", role: "status" }),
  };
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", { class: "compare", id: "compare", "aria-labelledby": "compare-title" }));
  let shown = null;
  const show = (next) => {
    shown = next;
    present(parts, stage, shown);
  };
  const step = async (by) => {
    const at = shown.at + by;
    if (at === shown.hits.length) await shown.more();
    if (at >= 0 && at < shown.hits.length) show({ ...shown, at });
  };
  dialog.append(
    make("header", {}, make("div", {}, parts.title, parts.words), stage.modes, button("Close", "×", () => dialog.close(), "close")),
    stage.element,
    make(
      "footer", {}, stage.controls, parts.facts,
      make("div", { class: "steps" }, button("Smaller", "−", () => stage.zoom(0.8)), button("Larger", "+", () => stage.zoom(1.25))),
      make("div", { class: "steps" }, button("Hit before", "‹", () => step(-1)), parts.at, button("Next hit", "›", () => step(1))),
      parts.does,
    ),
  );
  dialog.addEventListener("keydown", (event) => press(event, step, stage));
  dialog.addEventListener("close", () => focusCard(shown, stage));
  document.body.append(dialog);
  return { dialog, show };
}

/** Arrows go through the hits, except where they already move a slider or a choice. */
function press(event, step, stage) {
  const steps = { ArrowLeft: -1, ArrowRight: 1 };
  const taken = event.target.matches("input");
  if (event.key in steps && !taken) {
    event.preventDefault();
    step(steps[event.key]);
  } else if (["+", "=", "-", "0"].includes(event.key)) {
    stage.zoom(event.key === "-" ? 0.8 : 1.25, event.key === "0");
  }
}

/** The focus goes back to the card that was looked at last. */
function focusCard({ hits, at }, stage) {
  stage.rest();
  const card = document.querySelector(`[data-compare="${CSS.escape(hits[at].image_id)}"]`);
  card?.focus();
}

function present(parts, stage, { hits, at, thresholds, box, yours }) {
  const hit = hits[at];
  const [first] = hit.objects;
  const inside = readRegion(hit.box);
  const view = viewWords(hit);
  parts.title.replaceChildren(keyText(first.key));
  parts.title.setAttribute("aria-label", first.key); // which is shown in two pieces
  const words = [matchWords(hit, thresholds), percent(hit.similarity), view && `${hit.match === "similar" ? "seen" : "found"} ${view}`, "in "].filter(Boolean);
  parts.words.replaceChildren(words.join(" · "), make("bdi", {}, first.bucket));
  parts.at.textContent = `${at + 1} of ${hits.length}`;
  parts.facts.replaceChildren(
    fact("Yours", yours || "unknown"), fact("Found", `${hit.width} × ${hit.height} · ${hit.format} · ${size(hit.bytes)}`),
  );
  parts.does.replaceChildren(
    make("a", { class: "main", href: searchAddress(hit.image_id), "data-search": hit.image_id }, "Search with this"),
    ...[original(first)].filter(Boolean), copier(first.key),
  );
  stage.show({
    query: drawAsSearched(inside ?? box, hit.view), where: inside && drawWhere(inside), found: thumbnail(hit.image_id, SIZE),
    queryWords: (inside && "Inside your picture") || (box ? "Your detail" : "Your picture"), foundWords: "Found",
  });
}

const fact = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));
const button = (label, words, onclick, kind = "") => make("button", { type: "button", class: `plain ${kind}`, "aria-label": label, title: label, onclick }, words);
