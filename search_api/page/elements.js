/** Builds the page's elements; data only ever becomes text or an attribute, never markup. */

const TAIL = 16;
const RIGHT_TO_LEFT = /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\u200f\u202b\u202e\u2067]/u;

/**
 * Makes an element.
 * @param {string} tag
 * @param {Record<string, string|boolean|EventListener|undefined>} [attributes] `onclick` and the like
 *   are listeners; `true` sets an empty attribute; `false` and `undefined` set none.
 * @param {...(Node|string|null)} children strings become text.
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

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
