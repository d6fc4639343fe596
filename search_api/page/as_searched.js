/** Draws the query the way it matched: the detail only, mirrored, turned. */

import { picture } from "./shown.js";

const LONGEST = 1400;

/**
 * Draws the query's picture.
 * @param {?import("./region.js").Region} box the part that was searched for.
 * @param {string} [view] the API's name of the view that matched.
 * @returns {?HTMLCanvasElement} none where the browser has no picture of the query.
 */
export function drawAsSearched(box, view = "whole") {
  const source = picture();
  if (!source.complete || !source.naturalWidth) return null;
  const { x, y, w, h } = box ?? { x: 0, y: 0, w: 1, h: 1 };
  const [wide, high] = [source.naturalWidth * w, source.naturalHeight * h];
  const scale = Math.min(1, LONGEST / Math.max(wide, high));
  const [width, height] = [wide, high].map((side) => Math.max(1, Math.round(side * scale)));
  const turned = Number(/\d+/.exec(view)?.[0] ?? 0);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = turned % 180 ? [height, width] : [width, height];
  const pen = canvas.getContext("2d");
  pen.translate(canvas.width / 2, canvas.height / 2);
  pen.rotate((turned * Math.PI) / 180);
  if (view.includes("flip")) pen.scale(-1, 1);
  pen.drawImage(source, source.naturalWidth * x, source.naturalHeight * y, wide, high, -width / 2, -height / 2, width, height);
  return canvas;
}
