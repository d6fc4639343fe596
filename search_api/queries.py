"""From what was asked to a vector: stored, remembered, or computed, in this order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from search_api.caches import BoundedCache
from search_api.facts import Facts
from search_api.inputs import ImageId, Source
from search_api.originals import Originals
from search_api.parts import Parts
from search_api.problems import Problem
from search_api.timings import Timings
from shared.digests import image_digest
from shared.errors import Reason, Rejected
from shared.images.decoding import Box, DecodedImage
from shared.protocols import Embeddings
from shared.records import ImageFacts, ObjectRef

REMEMBERED = 2048
"""Query embeddings kept, 2 KB each, so that the next page of a search costs no forward pass."""

HASHED_INLINE = 2**20
"""Hashing this much holds the event loop for under a millisecond; more goes to a thread."""

Decoding = Callable[[], Awaitable[DecodedImage]]
"""Gives the decoded picture, begun already or not."""


@dataclass(frozen=True, slots=True)
class Query:
    """A picture to look for.

    Attributes:
        known: these very bytes are stored, and someone's object holds them.
        whole: no box; only then can a hit be exact.
        embedding: float32, shape (1, dimension).
    """

    image_id: str
    width: int
    height: int
    known: bool
    whole: bool
    embedding: Embeddings


class Queries:
    """Turns sources into queries."""

    def __init__(self, parts: Parts, facts: Facts, originals: Originals, max_bytes: int) -> None:
        self._parts = parts
        self._facts = facts
        self._originals = originals
        self._max_bytes = max_bytes
        self._remembered: BoundedCache[tuple[str, Box | None], tuple[int, int, Embeddings]]
        self._remembered = BoundedCache(REMEMBERED)

    async def resolve(self, source: Source, box: Box | None, timings: Timings) -> Query:
        """Find the vector of what was asked.

        Raises:
            Problem: 404, there is no such image or object.
            Rejected: the bytes are no picture, or the object holds none.
            TransientError: a part does not answer.
        """
        image_id = await self._digest(source, timings)
        if isinstance(source, bytes):
            return await self._uploaded(image_id, source, box, timings)
        facts = await self._facts_of(image_id, timings)
        if facts is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such image")
        stored = None if box else await self._stored(facts, timings)
        if stored is not None:
            return stored
        width, height, embedding = await self._embedded(
            image_id, box, timings, lambda: self._original(image_id, box, timings)
        )
        return Query(image_id, width, height, known=True, whole=box is None, embedding=embedding)

    async def _uploaded(
        self, image_id: str, data: bytes, box: Box | None, timings: Timings
    ) -> Query:
        async with self._decoding(image_id, data, box, timings) as decoded:
            facts = await self._facts_of(image_id, timings)
            stored = await self._stored(facts, timings) if facts and box is None else None
            if stored is not None:
                return stored
            width, height, embedding = await self._embedded(image_id, box, timings, decoded)
        return Query(image_id, width, height, facts is not None, box is None, embedding)

    @asynccontextmanager
    async def _decoding(
        self, image_id: str, data: bytes, box: Box | None, timings: Timings
    ) -> AsyncIterator[Decoding]:
        """Decode while the catalog is still being asked: most uploads are not known to it.

        Nothing is decoded that is remembered; what turns out not to be needed is dropped.
        """
        if self._remembered.get((image_id, box)) is not None:
            yield lambda: self._decoded(data, box, timings)
            return
        begun = asyncio.create_task(self._decoded(data, box, timings))
        begun.add_done_callback(_heed)
        try:
            yield lambda: begun
        finally:
            begun.cancel()

    async def _facts_of(self, image_id: str, timings: Timings) -> ImageFacts | None:
        with timings.stage("catalog"):
            return await self._facts.of_live(image_id)

    async def _digest(self, source: Source, timings: Timings) -> str:
        match source:
            case ImageId():
                return source.image_id
            case ObjectRef():
                return await self._held_by(source, timings)
            case bytes():
                if len(source) > self._max_bytes:
                    raise Rejected(
                        Reason.TOO_MANY_BYTES, f"a picture may have {self._max_bytes} bytes"
                    )
                if len(source) > HASHED_INLINE:
                    return await asyncio.to_thread(image_digest, source)
                return image_digest(source)

    async def _held_by(self, ref: ObjectRef, timings: Timings) -> str:
        with timings.stage("catalog"):
            stored = (await self._parts.catalog.known([ref])).get(ref)
        if stored is not None and stored.reason is not None:
            raise Rejected(stored.reason, stored.detail or "the object was rejected")
        if stored is None or stored.image_id is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such object")
        return stored.image_id

    async def _stored(self, facts: ImageFacts, timings: Timings) -> Query | None:
        """Take the vector from the index; None when the index has lost it."""
        image_id = facts.image_id
        with timings.stage("index"):
            vectors = await asyncio.to_thread(self._parts.index.get, [image_id])
        if (vector := vectors.get(image_id)) is None:
            return None
        return Query(
            image_id, facts.width, facts.height, known=True, whole=True, embedding=vector[None]
        )

    async def _embedded(
        self, image_id: str, box: Box | None, timings: Timings, decoding: Decoding
    ) -> tuple[int, int, Embeddings]:
        remembered = self._remembered.get((image_id, box))
        if remembered is not None:
            return remembered
        decoded = await decoding()
        with timings.stage("embed"):
            embedding = await self._parts.embedding.embed(decoded.pixels[None], urgent=True)
        computed = (decoded.width, decoded.height, embedding)
        self._remembered.put((image_id, box), computed)
        return computed

    async def _original(self, image_id: str, box: Box | None, timings: Timings) -> DecodedImage:
        with timings.stage("decode"):
            data = await self._originals.of_image(image_id)
        return await self._decoded(data, box, timings)

    async def _decoded(self, data: bytes, box: Box | None, timings: Timings) -> DecodedImage:
        with timings.stage("decode"):
            return await self._parts.decoder.decode(data, box=box, urgent=True)


def _heed(decoding: asyncio.Task[DecodedImage]) -> None:
    """Take note of how an abandoned decoding ended, so that asyncio does not complain."""
    if not decoding.cancelled():
        decoding.exception()
