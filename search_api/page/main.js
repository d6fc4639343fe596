/** Holds the page together: what a person does becomes a search. */

import { copy } from "./copy.js";
import { watchDetail } from "./detail.js";
import { byId } from "./elements.js";
import { watchEnd } from "./end.js";
import { watchFilters } from "./filter_form.js";
import { watchTotals } from "./landing.js";
import { listen, offerAddresses } from "./query.js";
import { canBeShared, hitsFrom, libraryHolds, look, proceed, restore, vary } from "./search.js";
import { watchStrip } from "./shown.js";
import { watchSpots } from "./spot.js";
import { note } from "./summary.js";

function follow(event) {
  if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab, as the person wishes
  if (event.target.closest(".skip")) {
    event.preventDefault(); // its address would be that of another, empty entry of the history
    byId("results").focus();
  }
  const link = event.target.closest("[data-search], .brand, .pages [aria-current]");
  if (link) {
    event.preventDefault();
    look(link.dataset.search ? { imageId: link.dataset.search } : null);
  }
  const target = event.target.closest("[data-copy], [data-compare]");
  if (target?.dataset.copy) copy(target, target.dataset.copy);
  if (target?.dataset.compare) compare(target.dataset.compare);
}

async function compare(imageId) {
  const { openCompare } = await import("./compare.js"); // not needed before anyone compares
  openCompare({ ...hitsFrom(imageId), yours: byId("shown-facts").textContent });
}

function copyLink() {
  if (canBeShared()) copy(byId("link"), location.href);
  else note("This picture is not in the library, so no link can carry it. Send the picture itself instead.");
}

listen(look);
watchDetail((box) => vary({ box }));
watchFilters((filters) => vary({ filters }));
watchStrip();
watchEnd(proceed);
watchSpots();
document.addEventListener("click", follow);
byId("clear").addEventListener("click", () => look(null));
byId("link").addEventListener("click", copyLink);
byId("views").addEventListener("change", () => vary({
  views: Array.from(byId("views").querySelectorAll(":checked"), (box) => box.value),
}));
addEventListener("popstate", restore);
restore();
watchTotals(({ images, url_search: addresses }) => {
  offerAddresses(addresses);
  libraryHolds(images);
});
