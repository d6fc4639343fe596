/** Says what went wrong and what to do; tries again by itself where that helps. */

import { signIn } from "./api.js";
import { byId, make } from "./elements.js";
import { duration, sentence } from "./wording.js";

const TRIES = 8;
const HEADINGS = {
  locked: "Locked", busy: "One moment", down: "One moment", unknown: "Not found", unclear: "Not understood", not_a_picture: "Not a picture",
  broken: "Damaged", unread: "Not readable", too_large: "Too large",
};
let ticking = 0;
let tries = 0;
let away = false;

/** What was asked in vain while Seenit could not be reached; none where something else was the matter. */
let unheard = () => {};

/**
 * Shows a trouble.
 * @param {import("./api.js").Trouble} trouble
 * @param {() => void} again asks once more.
 */
export function showTrouble(trouble, again) {
  clearTimeout(ticking);
  const { title, advice, retry } = explain(trouble);
  const panel = byId("trouble");
  panel.dataset.kind = trouble.kind;
  const words = make("div", { role: "alert" }, make("strong", {}, title), make("p", {}, advice));
  panel.replaceChildren(words, ...(trouble.kind === "locked" ? [tokenForm(again)] : []), ...(trouble.kind === "unclear" ? [wayOut()] : []));
  panel.hidden = false;
  unheard = trouble.kind === "offline" ? again : () => {};
  if (trouble.retryAfter && tries < TRIES) countDown(panel, trouble.retryAfter, again);
  else if (retry) panel.append(make("p", { class: "does" }, button("Try again", again)));
}

/**
 * Is told by whoever asks every now and then how that went: what had found Seenit away is asked once
 * more as soon as it is back.
 * @param {?import("./api.js").Trouble} trouble none where there was an answer.
 */
export function heard(trouble) {
  const back = away && !trouble;
  away = trouble ? away || trouble.kind === "offline" : false;
  if (back) unheard();
}

/** @param {import("./api.js").Trouble} trouble @returns {string} what stands where the verdict would. */
export const heading = ({ kind }) => HEADINGS[kind] ?? "No answer";

/** Takes the trouble off the page; `forgiven` also starts the counting of tries anew. */
export function hideTrouble({ forgiven = false } = {}) {
  clearTimeout(ticking);
  unheard = () => {};
  if (forgiven) tries = 0;
  const panel = byId("trouble");
  const pressed = panel.contains(document.activeElement); // and is about to go
  if (pressed) document.querySelector("main [tabindex='-1']")?.focus({ preventScroll: true });
  panel.hidden = true;
}

const wayOut = () => make("p", { class: "does" }, make("a", { href: location.pathname }, "Start over"));

/** The seconds are for eyes only: a screen reader that hears each of them hears nothing else. */
function countDown(panel, seconds, again) {
  const shown = make("span", { "aria-hidden": "true" });
  const line = make("p", { class: "does" }, button("Try now", again), button("Stop", () => {
    clearTimeout(ticking);
    line.replaceChildren(button("Try again", again));
  }), shown);
  panel.append(line);
  const end = Date.now() + seconds * 1000;
  const tick = () => {
    const left = (end - Date.now()) / 1000;
    shown.textContent = `Trying again in ${duration(Math.max(left, 1))}`;
    if (left > 0) {
      ticking = setTimeout(tick, Math.min(250, left * 1000));
    } else {
      tries += 1;
      again();
    }
  };
  tick();
}

function tokenForm(again) {
  const field = /** @type {HTMLInputElement} */ (make("input", {
    type: "password", id: "token", autocomplete: "off", required: true, spellcheck: "false",
  }));
  const told = make("p", { class: "wrong", role: "status" });
  const form = make(
    "form", { class: "token" }, make("label", { for: "token" }, "Token"), field,
    make("button", { type: "submit", class: "main" }, "Unlock"), told,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const refusal = await signIn(field.value.trim()).then(() => null, (trouble) => trouble);
    if (!refusal) again();
    else told.textContent = refusal.kind === "locked" ? "This token is not accepted." : explain(refusal).title;
  });
  return form;
}

const button = (words, onclick) => make("button", { type: "button", onclick }, words);

/**
 * Puts a trouble into words.
 * @param {import("./api.js").Trouble} trouble
 * @returns {{title: string, advice: string, retry: boolean}} `retry`: whether asking again may help.
 */
export function explain({ kind, message }) {
  const told = sentence(message);
  const words = {
    not_a_picture: ["This is not a picture Seenit can read", `${told} JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF and HEIC work.`, false],
    broken: ["This picture is damaged", `${told} Try another copy of it, or save it anew.`, false],
    unread: ["This file cannot be read", "It is a folder, or was moved, changed or removed since. Choose it once more.", false],
    too_large: ["This picture is too large", `${told} A smaller copy finds the same.`, false],
    slow: ["The upload took too long", "A smaller copy of the picture finds the same, and sooner.", true],
    busy: ["Seenit is busy", "Many are searching right now; your turn comes in a moment.", true],
    down: ["A part of Seenit does not answer", told, true],
    locked: ["This Seenit asks for a token", "Its operator has one for you. It unlocks this browser for some hours and is not kept.", false],
    url_off: ["Web addresses are not searched here", "Whoever runs this Seenit has left that off. Save the picture and drop it here instead.", false],
    bad_url: ["This is no web address of a picture", sentence(message.replace(/^url: /, "it ")), false],
    far: ["The web address did not give a picture", `${told} Save the picture and drop it here instead.`, true],
    offline: ["Seenit cannot be reached", "Check your connection, or whether Seenit is running.", true],
    unclear: ["Seenit cannot make sense of this", "A part of the link or a filter cannot be right; perhaps it was cut, or typed by hand.", false],
    unknown: ["This picture is not in the library", "It was removed since, or was never indexed, or the link is not whole.", false],
  };
  const [title, advice, retry] = words[kind] ?? ["That did not work", told, true];
  return { title, advice, retry };
}
