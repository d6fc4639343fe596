/** What could not be indexed, page by page, with its reasons and what to do. */

import { listObjects, rejections } from "./api.js";
import { keyText, make } from "./elements.js";
import { addressOf } from "./library_address.js";
import { explained, retryCommand } from "./library_reasons.js";
import { ago, count, counted, sentence, size } from "./wording.js";

const PAGE_SIZE = 50;

/**
 * Makes the view of a place's rejections.
 * @param {import("./library_address.js").Place} place
 * @param {() => Promise<boolean>} isEmbedded whether ingest runs on a folder, in the process asked.
 * @returns {import("./library.js").View}
 */
export function rejected(place, isEmbedded) {
  const top = make("div", {});
  const rows = make("ul", { class: "refused", role: "list" });
  const view = { element: make("div", {}, top, rows), cursor: null, done: false, pages: 0, shown: 0, total: 0 };

  async function next(signal) {
    if (!view.pages) {
      const { reasons } = await rejections(asked({ ...place, reason: "" }), signal);
      view.total = reasons.reduce((sum, { reason, objects }) => sum + (place.reason && reason !== place.reason ? 0 : objects), 0);
      top.replaceChildren(choices(place, reasons), ...(view.total ? [whatToDo(place, await isEmbedded())] : []));
    }
    const fields = asked(place);
    fields.set("state", "rejected");
    fields.set("limit", String(PAGE_SIZE));
    if (view.cursor) fields.set("cursor", view.cursor);
    const page = await listObjects(fields, signal);
    rows.append(...page.objects.map((object) => row(place, object)));
    view.cursor = page.next_cursor;
    view.done = !page.next_cursor;
    view.pages += 1;
    view.shown += page.objects.length;
  }

  const status = () => (view.pages ? counted(view.total, "object") : "");
  return Object.assign(view, { next, status });
}

function asked({ bucket, prefix, reason }) {
  const fields = new URLSearchParams();
  if (bucket) fields.set("bucket", bucket);
  if (prefix) fields.set("prefix", prefix);
  if (reason) fields.set("reason", reason);
  return fields;
}

function choices(place, reasons) {
  const all = reasons.reduce((sum, { objects }) => sum + objects, 0);
  const choice = (reason, words, objects) => make(
    "li", {},
    make(
      "a", { class: "chip", href: addressOf({ ...place, reason }), "data-go": true, "aria-current": reason === place.reason ? "true" : undefined },
      words, " ", make("span", { class: "n" }, count(objects)),
    ),
  );
  return make(
    "nav", { "aria-label": "Reasons" },
    make(
      "ul", { class: "chips", role: "list" }, choice("", "All reasons", all),
      ...reasons.map(({ reason, objects }) => choice(reason, explained(reason).title, objects)),
    ),
  );
}

function whatToDo(place, embedded) {
  const command = retryCommand({ ...place, embedded });
  const { meaning, advice } = place.reason ? explained(place.reason) : {
    meaning: "These are known and left alone. Each is looked at again as soon as it changes.",
    advice: "When something else has changed, such as a setting or a permission, have them looked at again:",
  };
  return make(
    "div", { class: "todo" }, make("p", {}, `${meaning} ${advice}`),
    make(
      "p", { class: "command" }, make("code", {}, command),
      make("button", { type: "button", "data-copy": command, "aria-label": `Copy command: ${command}` }, "Copy command"),
    ),
    embedded ? make("p", { class: "aside" }, "Put the path of your folder where it says FOLDER, and add --data if it was started with one.") : null,
  );
}

function row(place, object) {
  const { bucket, key, reason, detail, bytes, recorded_at: when } = object;
  const { title, meaning } = explained(reason);
  const moment = make("time", { datetime: when, title: new Date(when).toLocaleString() }, ago(Date.now() - Date.parse(when)));
  return make(
    "li", {},
    make("div", { class: "named" }, keyText(key), make("button", { type: "button", class: "slim", "data-copy": key, "aria-label": `Copy key: ${key}` }, "Copy key")),
    make(
      "p", {},
      make("a", { class: "badge", href: addressOf({ ...place, reason }), "data-go": true, title: meaning }, title),
      " ", make("span", { class: "detail" }, make("bdi", {}, sentence(detail ?? ""))),
    ),
    make("p", { class: "facts" }, "in ", make("a", { href: addressOf({ ...place, bucket }), "data-go": true }, make("bdi", {}, bucket)), ` · ${size(bytes)} · looked at `, moment),
  );
}
