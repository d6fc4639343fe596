/** The pictures of a place, page by page, folders among them. */

import { listObjects, thumbnail } from "./api.js";
import { keyText, make, spelled } from "./elements.js";
import { addressOf, parted } from "./library_address.js";
import { counted } from "./wording.js";

const PAGE_SIZE = 60;
const bytes = new TextEncoder();

/**
 * Makes the view of a place's pictures.
 * @param {import("./library_address.js").Place} place
 * @returns {import("./library.js").View}
 */
export function shelf(place) {
  const grid = make("ul", { class: "shelf", role: "list" });
  const view = { element: grid, cursor: null, done: false, pages: 0, shown: 0, folders: 0, pictures: 0 };

  async function next(signal) {
    const page = await listObjects(asked(place, view.cursor), signal);
    const folders = page.prefixes.map((folder) => ({ at: folder.prefix, item: folderTile(place, folder) }));
    const pictures = page.objects.map((object) => ({ at: object.key, item: tile(place, object) }));
    view.folders += folders.length;
    view.pictures += pictures.length;
    // Without a bucket the keys of several buckets follow one another, and there are no folders.
    const all = folders.length ? [...folders, ...pictures].sort((a, b) => inBytes(a.at, b.at)) : pictures;
    grid.append(...all.map(({ item }) => item));
    view.cursor = page.next_cursor;
    view.done = !page.next_cursor;
    view.pages += 1;
    view.shown = view.folders + view.pictures;
  }

  function status() {
    if (!view.pages) return "";
    const { starts } = parted(place.prefix);
    const found = [
      view.folders ? counted(view.folders, "folder") : "",
      view.pictures || !view.folders ? counted(view.pictures, "picture") : "",
    ].filter(Boolean).join(", ");
    return `${found}${starts ? ` starting with “${spelled(starts)}”` : ""}${view.done ? "" : ", more below"}`;
  }

  return Object.assign(view, { next, status });
}

function asked({ bucket, prefix, flat }, cursor) {
  const fields = new URLSearchParams({ state: "indexed", limit: String(PAGE_SIZE) });
  if (bucket) fields.set("bucket", bucket);
  if (prefix) fields.set("prefix", prefix);
  if (bucket && !flat) fields.set("delimiter", "/");
  if (cursor) fields.set("cursor", cursor);
  return fields;
}

function tile(place, { bucket, key, image_id: imageId }) {
  const { folder } = parted(place.prefix);
  const name = place.bucket && !place.flat ? key.slice(folder.length) : key.split("/").at(-1);
  return make(
    "li", {},
    make(
      "a", { class: "sheet", href: addressOf({ ...place, image: imageId }), "data-go": true, "data-image": imageId, "data-key": key, title: `${bucket}/${key}`, "aria-label": name || key },
      mat(imageId), make("span", { class: "caption" }, keyText(name || key)),
    ),
  );
}

function folderTile(place, { prefix, image_id: imageId }) {
  const name = prefix.slice(parted(place.prefix).folder.length);
  return make(
    "li", {},
    make(
      "a", { class: "sheet folder", href: addressOf({ ...place, prefix }), "data-go": true, title: prefix, "aria-label": `folder ${name}` },
      mat(imageId), make("span", { class: "caption" }, keyText(name)),
    ),
  );
}

/** The sizes stand beforehand and the thumbnail comes when it is near: nothing ever jumps. */
function mat(imageId) {
  const image = make("img", {
    alt: "", width: "256", height: "256", loading: "lazy", decoding: "async",
    sizes: "(max-width: 40rem) 45vw, 12rem",
    srcset: [128, 192, 256, 512].map((pixels) => `${thumbnail(imageId, pixels)} ${pixels}w`).join(", "),
    onerror: () => image.classList.add("absent"),
  });
  image.src = thumbnail(imageId, 256);
  return make("span", { class: "mat" }, image);
}

/** Orders as the API does: by the bytes of UTF-8, where JavaScript's own order is by UTF-16. */
function inBytes(one, other) {
  const [a, b] = [bytes.encode(one), bytes.encode(other)];
  const differs = a.findIndex((byte, n) => byte !== b[n]);
  return differs < 0 ? a.length - b.length : a[differs] - (b[differs] ?? -1);
}
