/** A part of a picture, in 0-1 of it as seen. */

/** @typedef {{x: number, y: number, w: number, h: number}} Region */

/** The least side of a part that is worth looking for. */
export const LEAST = 0.04;
const DIGITS = 4;

/** @type {Readonly<Region>} where a part begins that nobody has drawn. */
export const MIDDLE = Object.freeze({ x: 0.25, y: 0.25, w: 0.5, h: 0.5 });

const within = (value, least, most) => Math.min(Math.max(value, least), most);

/**
 * @param {Region} region
 * @param {number} dx @param {number} dy
 * @returns {Region} as far over as the picture allows.
 */
export const moved = ({ x, y, w, h }, dx, dy) => ({ x: within(x + dx, 0, 1 - w), y: within(y + dy, 0, 1 - h), w, h });

/**
 * @param {Region} region its left upper corner stays.
 * @param {number} dw @param {number} dh
 * @returns {Region}
 */
export const resized = ({ x, y, w, h }, dw, dh) => ({ x, y, w: within(w + dw, LEAST, 1 - x), h: within(h + dh, LEAST, 1 - y) });

/**
 * @param {{x: number, y: number}} a
 * @param {{x: number, y: number}} b the opposite corner, in any direction.
 * @returns {Region} possibly too small to look for.
 */
export function between(a, b) {
  const [left, right] = [a.x, b.x].map((value) => within(value, 0, 1)).sort((one, two) => one - two);
  const [top, bottom] = [a.y, b.y].map((value) => within(value, 0, 1)).sort((one, two) => one - two);
  return { x: left, y: top, w: right - left, h: bottom - top };
}

/** @param {Region} region @returns {string} `x,y,w,h`, as the API takes it. */
export function regionText({ x, y, w, h }) {
  const [left, top] = [x, y].map((value) => Number(value.toFixed(DIGITS)));
  // Rounded apart, place and size could together stick out of the picture.
  const [wide, high] = [[w, left], [h, top]].map(([size, start]) => Number(Math.min(size, 1 - start).toFixed(DIGITS)));
  return [left, top, wide, high].join();
}

/** Puts an element where a part of the picture is. @param {HTMLElement} element @param {Region} region */
export function layOver(element, { x, y, w, h }) {
  for (const [side, share] of Object.entries({ left: x, top: y, width: w, height: h })) {
    element.style[side] = `${share * 100}%`;
  }
}

/** @param {?string} text @returns {?Region} none where it names no part of a picture. */
export function readRegion(text) {
  const numbers = (text ?? "").split(",").map(Number);
  if (numbers.length !== 4 || !numbers.every(Number.isFinite)) return null;
  const [x, y, w, h] = numbers;
  const inside = x >= 0 && y >= 0 && w > 0 && h > 0 && x + w <= 1.0001 && y + h <= 1.0001;
  return inside ? { x, y, w, h } : null;
}

const third = (middle, before, behind) => (middle < 0.42 ? before : middle > 0.58 ? behind : "");

/** @param {Region} region @returns {string} such as `top left`. */
export const sideWords = ({ x, y, w, h }) => (
  [third(y + h / 2, "top", "bottom"), third(x + w / 2, "left", "right")].filter(Boolean).join(" ") || "in the middle"
);

/** @param {Region} region @returns {string} such as `from 25 % left, 25 % top, 50 × 50 %`. */
export function regionWords({ x, y, w, h }) {
  const [left, top, wide, high] = [x, y, w, h].map((value) => Math.round(value * 100));
  return `${left} % from the left, ${top} % from the top, ${wide} % wide, ${high} % high`;
}
