/** Copies to the clipboard. */

import { make } from "./elements.js";

/**
 * Copies a text and says on the button how it went.
 * @param {HTMLElement} button
 * @param {string} text
 */
export async function copy(button, text) {
  const words = button.textContent;
  if (button.dataset.copied) return;
  button.dataset.copied = "so";
  button.textContent = await put(text) ? "Copied" : "Not allowed";
  setTimeout(() => {
    button.textContent = words;
    delete button.dataset.copied;
  }, 1600);
}

async function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text).then(() => true, () => false);
  // Without TLS there is no clipboard but the old one, and houses often run this on plain HTTP.
  const field = make("textarea", { class: "unseen", readonly: true });
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const room = focused?.closest("dialog") ?? document.body; // outside a dialog nothing can be selected
  field.value = text;
  room.append(field);
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return copied;
}
