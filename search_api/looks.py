"""Looks into the index: in place where that is quick, else in a thread, those of many together."""

import asyncio
from collections.abc import Awaitable, Collection, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from search_api.coalescing import Coalescer
from shared.errors import TransientError
from shared.protocols import Embeddings, VectorIndex
from shared.records import Neighbour

T = TypeVar("T")

INDEX_S = 4.0
"""The longest that a question to the index may take, its turn included."""

SHALLOW = 256
"""Neighbours of a look that shares its call; a deep one would hold up the others."""


class Looks:
    """Asks an index for searches; they wait no longer than a search should.

    Raises:
        TransientError: from any call: it does not answer, or not in time.
    """

    def __init__(self, index: VectorIndex) -> None:
        self._index = index
        self._shallow = Coalescer(self._nearest, "index", INDEX_S)
        self._stored = Coalescer(self._get, "index", INDEX_S)

    async def stored(self, image_id: str) -> NDArray[np.float32] | None:
        """Return an image's embedding, shape (dimension,); None when the index has none."""
        if self._index.quick():
            return self._index.get([image_id]).get(image_id)
        return await self._stored.ask(None, image_id)

    async def nearest(
        self, embeddings: Embeddings, depth: int, among: Collection[str] | None = None
    ) -> list[list[Neighbour]]:
        """Find the nearest of each; see `shared.protocols.VectorIndex.nearest`."""
        if self._index.quick():
            return self._index.nearest(embeddings, depth, among)
        if among is None and depth <= SHALLOW:
            return await self._shallow.ask(depth, embeddings)
        return await _in_time(asyncio.to_thread(self._index.nearest, embeddings, depth, among))

    async def _nearest(
        self, depth: int, asked: Sequence[Embeddings]
    ) -> Sequence[list[list[Neighbour]]]:
        looking = asyncio.to_thread(self._index.nearest, np.concatenate(asked), depth)
        found = iter(await _in_time(looking))
        return [list(islice(found, len(embeddings))) for embeddings in asked]

    async def _get(self, _: None, image_ids: Sequence[str]) -> Sequence[NDArray[np.float32] | None]:
        found = await _in_time(asyncio.to_thread(self._index.get, image_ids))
        return [found.get(image_id) for image_id in image_ids]


async def _in_time(answer: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(INDEX_S):
            return await answer
    except TimeoutError:
        raise TransientError("index", f"no answer within {INDEX_S:g} s") from None
