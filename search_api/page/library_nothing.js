/** What is said where nothing is. */

import { make } from "./elements.js";

/**
 * Says why nothing is shown, and what one can do.
 * @param {import("./library_address.js").Place} place
 * @returns {HTMLElement}
 */
export function nothing({ rejected, prefix, bucket }) {
  if (rejected) return said("Nothing was rejected here. All that came in is indexed.");
  if (prefix || bucket) return said("There is no picture here, or not any more.");
  const box = said("The library is empty.");
  box.append(make(
    "p", {}, "Put pictures into the folder or bucket that Seenit watches; they appear here seconds later. From the command line: ",
    make("code", {}, "seenit add ~/Pictures"),
  ));
  return box;
}

const said = (words) => make("div", { class: "nothing" }, make("p", {}, words));
