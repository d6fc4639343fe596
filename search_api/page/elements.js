/** Builds the page's elements; data only ever becomes text or an attribute, never markup. */

const TAIL = 16;
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\u200f]/u;

/** What is not seen itself, but turns, breaks or disguises the text around it. */
const INVISIBLE = /([\0-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u2069\ufeff])/u;

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, string|boolean|EventListener|undefined>} [attributes] `onclick` and the like
 *   are listeners; `true` sets an empty attribute; `false` and `undefined` set none; a title is spelled.
 * @param {...(Node|string|null)} children strings become text; what is invisible in them becomes a sign.
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, written(name, value));
  }
  element.append(...children.filter((child) => child !== null).flatMap((child) => (typeof child === "string" ? signed(child) : child)));
  return element;
}

function written(name, value) {
  if (value === true) return "";
  return name === "title" ? spelled(value) : value;
}

/** Each character that is invisible shows its code, alone in an element out of which it turns nothing. */
function signed(text) {
  return text.split(INVISIBLE).map((part, n) => {
    if (n % 2 === 0) return part;
    const sign = document.createElement("bdi");
    [sign.className, sign.dataset.code, sign.textContent] = ["sign", codeOf(part), part];
    return sign;
  });
}

const codeOf = (letter) => `U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/**
 * Spells what is invisible, for where there is room for plain text only.
 * @param {string} text
 * @returns {string} such as `holiday[U+202E]gpj.exe`.
 */
export const spelled = (text) => text.split(INVISIBLE).map((part, n) => (n % 2 ? `[${codeOf(part)}]` : part)).join("");

/**
 * Finds an element that index.html promises.
 * @param {string} id
 * @returns {HTMLElement}
 */
export const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/**
 * Shows a key: whole as text and title, its middle hidden when it is too long, and its writing
 * direction kept to itself.
 * @param {string} key
 * @returns {HTMLElement}
 */
export function keyText(key) {
  const letters = Array.from(key);
  // Text from right to left reads wrong in two pieces; it is cut at its end instead.
  const whole = letters.length <= TAIL || RIGHT_TO_LEFT.test(key);
  const cut = whole ? letters.length : letters.length - TAIL;
  return make(
    "bdi", { class: "key", title: key, dir: "ltr" },
    make("bdi", { class: "head" }, letters.slice(0, cut).join("")),
    whole ? null : make("bdi", { class: "tail" }, letters.slice(cut).join("")),
  );
}
