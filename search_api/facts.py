"""Facts of live images: that they are live is asked each time, what never changes is remembered."""

from collections.abc import Collection, Sequence
from itertools import chain

from search_api.caches import BoundedCache
from search_api.coalescing import Coalescer
from shared.protocols import CatalogReader
from shared.records import ImageFacts, ObjectFilter

REMEMBERED = 50_000
"""Facts kept, some 300 bytes each."""

CATALOG_S = 10.0
"""The longest that a question to the catalog waits behind others: as long as a read may take."""


class Facts:
    """Tells the facts of images; an image's bytes, and so its facts, never change."""

    def __init__(self, catalog: CatalogReader) -> None:
        self._catalog = catalog
        self._remembered: BoundedCache[str, ImageFacts] = BoundedCache(REMEMBERED)
        self._asked = Coalescer(self._known, "catalog", CATALOG_S)

    async def of_live(self, image_id: str) -> ImageFacts | None:
        """Tell an image's facts; None for one that no object holds (any more)."""
        if not await self._catalog.find([image_id], ObjectFilter(), limit=1):
            return None
        return (await self.of(image_ids=[image_id])).get(image_id)

    async def of(self, image_ids: Collection[str]) -> dict[str, ImageFacts]:
        """Tell the facts of images that are known to be live."""
        found = {
            image_id: facts
            for image_id in image_ids
            if (facts := self._remembered.get(image_id)) is not None
        }
        missing = [image_id for image_id in image_ids if image_id not in found]
        if missing:
            known = await self._asked.ask(None, missing)
            for image_id in missing:
                if (facts := known.get(image_id)) is not None:
                    self._remembered.put(image_id, facts)
                    found[image_id] = facts
        return found

    async def _known(
        self, _: None, asked: Sequence[Sequence[str]]
    ) -> Sequence[dict[str, ImageFacts]]:
        """Ask for the images of many searches; each finds its own among them."""
        known = await self._catalog.known_images({*chain.from_iterable(asked)})
        return [known] * len(asked)
