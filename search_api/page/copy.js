/** Copies a key to the clipboard. */

import { make } from "./elements.js";

/**
 * Copies what the button's `data-copy` holds and says on the button how it went.
 * @param {HTMLElement} button
 */
export async function copyKey(button) {
  const copied = await put(button.dataset.copy);
  button.textContent = copied ? "Copied" : "Not allowed";
  setTimeout(() => { button.textContent = "Copy"; }, 1600);
}

async function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  // Without TLS there is no clipboard but the old one, and houses often run this on plain HTTP.
  const field = make("textarea", { class: "unseen", readonly: true });
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  field.value = text;
  document.body.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}
