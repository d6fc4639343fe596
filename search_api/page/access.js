/** Sends the token where one is set, and asks for it when the API wants one. */

import { byId } from "./elements.js";

let token = sessionStorage.getItem("seenit-token") ?? "";
/** @type {?Promise<boolean>} one question at a time, however many calls were refused. */
let asking = null;

/**
 * Fetches with the token; after a 401 asks the person for one and tries again.
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Response>} the 401 when the person gives no token.
 */
export async function withToken(path, init = {}) {
  for (;;) {
    const used = token;
    const headers = used ? { Authorization: `Bearer ${used}` } : {};
    const response = await fetch(path, { ...init, headers });
    if (response.status !== 401) return response;
    if (used === token && !(await (asking ??= ask()))) return response;
  }
}

/**
 * Gives an image its picture. A tag sends no token, so where there is one the bytes are fetched.
 * @param {HTMLImageElement} image
 * @param {string} path
 */
export function fill(image, path) {
  image.addEventListener("error", () => image.classList.add("absent"));
  if (!token) {
    image.src = path;
    return;
  }
  const seen = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    seen.disconnect();
    fetchPicture(path).then(
      (address) => { image.src = address; },
      () => image.classList.add("absent"),
    );
  }, { rootMargin: "400px" });
  seen.observe(image);
}

/**
 * Opens an original in a new tab where the plain link would lack the token.
 * @param {MouseEvent} event a click on a link to this API.
 */
export async function openWithToken(event) {
  const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
  if (!token || new URL(link.href).origin !== location.origin) return;
  event.preventDefault();
  const tab = window.open("about:blank");
  const address = await fetchPicture(link.href).catch(() => null);
  if (address && tab) tab.location.href = address;
  else tab?.close();
}

async function fetchPicture(path) {
  const response = await withToken(path);
  const bytes = await response.blob();
  // Only what a browser paints may become a page of this origin.
  if (!response.ok || !/^image\/(?!svg)/.test(bytes.type)) throw new TypeError("not a picture");
  return URL.createObjectURL(bytes);
}

function ask() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("access"));
  const field = /** @type {HTMLInputElement} */ (byId("token"));
  field.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      asking = null;
      token = field.value.trim();
      sessionStorage.setItem("seenit-token", token);
      resolve(token !== "");
    }, { once: true });
  });
}
