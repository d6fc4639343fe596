/** Draws the query the way it matched: the detail only, mirrored, turned. */

import { picture } from "./shown.js";

const LONGEST = 1400;
const SMALL = 176;

/**
 * Draws the whole query, small, all dimmed but a part of it.
 * @param {import("./region.js").Region} part
 * @returns {?HTMLCanvasElement} none where the browser has no picture of the query.
 */
export function drawWhere({ x, y, w, h }) {
  const canvas = drawAsSearched(null, "whole", SMALL);
  if (!canvas) return null;
  const { width, height } = canvas;
  const edges = [x * width, y * height, w * width, h * height];
  const pen = canvas.getContext("2d");
  pen.resetTransform();
  pen.fillStyle = "#0009";
  pen.beginPath();
  pen.rect(0, 0, width, height);
  pen.rect(...edges);
  pen.fill("evenodd");
  pen.strokeStyle = "#fff";
  pen.lineWidth = 2;
  pen.strokeRect(...edges);
  return canvas;
}

/**
 * Draws the query's picture.
 * @param {?import("./region.js").Region} box the part that was searched for.
 * @param {string} [view] the API's name of the view that matched.
 * @param {number} [longest] pixels of the longer side, at most.
 * @returns {?HTMLCanvasElement} none where the browser has no picture of the query.
 */
export function drawAsSearched(box, view = "whole", longest = LONGEST) {
  const source = picture();
  if (!source.complete || !source.naturalWidth) return null;
  const { x, y, w, h } = box ?? { x: 0, y: 0, w: 1, h: 1 };
  const [wide, high] = [source.naturalWidth * w, source.naturalHeight * h];
  const scale = Math.min(1, longest / Math.max(wide, high));
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
