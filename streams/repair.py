"""Where catalog and index disagree about images, and bringing them together again.

A vector that is lost is made anew by the pipeline, from any object that holds the picture. One that
no image of the catalog has is left to the collector.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from shared.protocols import Catalog, VectorIndex
from shared.records import ImageState, LiveObject, ObjectFilter
from streams.joining import side_by_side
from streams.pages import PAGE, in_threads


@dataclass(slots=True)
class Apart:
    """Some images on which catalog and index disagree.

    Attributes:
        lost: the catalog says that they are in the index, and they are not.
        orphans: the index holds them, and the catalog knows nothing of them.
        vectors: how many the index held up to here.
    """

    lost: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    vectors: int = 0

    def __len__(self) -> int:
        return len(self.lost) + len(self.orphans)


class IndexRepair:
    """Compares catalog and index, a page in memory at a time.

    All raise `TransientError` where one of them does not answer.
    """

    def __init__(self, catalog: Catalog, index: VectorIndex) -> None:
        self._catalog = catalog
        self._index = index

    async def apart(self) -> AsyncIterator[Apart]:
        """Tell on what they disagree, page by page.

        While one walks, both change: what seems to be so is looked at once more before it is told.
        """
        found = Apart()
        vectors = in_threads(self._index.ids())
        async for pair in side_by_side(self._indexed(), vectors, str, str):
            found.vectors += pair[1] is not None
            match pair:
                case (image_id, None):
                    found.lost.append(image_id)
                case (None, image_id):
                    found.orphans.append(image_id)
            if len(found) >= PAGE:
                yield await self._confirmed(found)
                found = Apart()
        yield await self._confirmed(found)

    async def unindex_lost(self) -> None:
        """Set the images that the index has lost back to pending; `wanting` then names them."""
        async for found in self.apart():
            await self._catalog.unindex(found.lost)

    async def adopt_orphans(self) -> int:
        """Leave the vectors of no image to the collector; returns how many."""
        return sum([await self._catalog.adopt(found.orphans) async for found in self.apart()])

    async def holders(self, image_ids: list[str], where: ObjectFilter) -> list[LiveObject]:
        """Name one object, that passes `where`, of each image; of some there is none."""
        found = await self._catalog.find(image_ids, where, limit=1)
        return [first for first, *_ in found.values()]

    async def wanting(self, where: ObjectFilter) -> AsyncIterator[LiveObject]:
        """Name one object of each pending image that is in use: its vector is to be made anew.

        An image that is seen for the first time gets its vector before any object has it.
        """
        async for page in self._pages(ImageState.PENDING):
            for live in await self.holders(page, where):
                yield live

    async def _confirmed(self, found: Apart) -> Apart:
        there = await asyncio.to_thread(self._index.held, found.lost) if found.lost else set()
        known = await self._known(found.orphans) if found.orphans else set()
        return Apart(
            [image_id for image_id in found.lost if image_id not in there],
            [image_id for image_id in found.orphans if image_id not in known],
            found.vectors,
        )

    async def _known(self, image_ids: list[str]) -> set[str]:
        """Tell which have a row, whatever its state; asked in the order in which they go on."""
        known = await self._of_state(ImageState.PENDING, image_ids)
        known |= set(await self._catalog.known_images(image_ids))
        return known | await self._of_state(ImageState.COLLECTING, image_ids)

    async def _of_state(self, state: ImageState, image_ids: list[str]) -> set[str]:
        """Tell which are of a state that few images are in."""
        wanted, last, found = set(image_ids), max(image_ids), set[str]()
        async for page in self._pages(state, after=min(image_ids)[:-1]):  # the first one included
            found |= wanted.intersection(page)
            if page[-1] >= last:
                break
        return found

    async def _pages(self, state: ImageState, after: str = "") -> AsyncIterator[list[str]]:
        while page := await self._catalog.image_ids(state, after, PAGE):
            yield page
            after = page[-1]

    async def _indexed(self) -> AsyncIterator[str]:
        async for page in self._pages(ImageState.INDEXED):
            for image_id in page:
                yield image_id
