"""From what was asked to a vector: stored, remembered, or computed, in this order."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple
from weakref import WeakValueDictionary

from search_api.caches import BoundedCache
from search_api.facts import Facts
from search_api.inputs import ImageId, Source
from search_api.looks import Looks
from search_api.originals import Originals
from search_api.parts import Parts
from search_api.problems import Problem
from search_api.timings import Timings
from shared.digests import image_digest
from shared.errors import Reason, Rejected
from shared.images.boxes import Box
from shared.images.decoding import DecodedViews
from shared.images.views import WHOLE, Sight, Way
from shared.protocols import Embeddings, Pixels
from shared.records import ImageFacts, ObjectRef

REMEMBERED = 2**22
"""Bytes of query embeddings kept, 2 KB a view, so that the next page of a search costs no forward
pass."""

HASHED_INLINE = 2**20
"""Hashing this much holds the event loop for under a millisecond; more goes to a thread."""

Decode = Callable[[], Awaitable[DecodedViews]]


class Gaze(NamedTuple):
    """How a picture is looked at.

    Attributes:
        box: the part of it; None is the whole.
        ways: beside as it is.
    """

    box: Box | None
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A picture to look for.

    Attributes:
        whole: no box; only then can a hit be exact.
        embeddings: one a sight, float32, shape (n, dimension).
        sights: what each is of.
    """

    image_id: str
    width: int
    height: int
    whole: bool
    embeddings: Embeddings
    sights: tuple[Sight, ...]


class Queries:
    """Turns sources into queries."""

    def __init__(
        self, parts: Parts, facts: Facts, looks: Looks, originals: Originals, max_bytes: int
    ) -> None:
        self._parts = parts
        self._facts = facts
        self._looks = looks
        self._originals = originals
        self._max_bytes = max_bytes
        self._remembered: BoundedCache[tuple[str, Gaze], Query] = BoundedCache(
            REMEMBERED, lambda query: query.embeddings.nbytes
        )
        self._turns: WeakValueDictionary[tuple[str, Gaze], asyncio.Lock] = WeakValueDictionary()

    async def resolve(self, source: Source, gaze: Gaze, timings: Timings) -> Query:
        """Find the vector of what was asked.

        Raises:
            Problem: 404, there is no such image or object.
            Rejected: the bytes are no picture, or the object holds none.
            TransientError: a part does not answer.
        """
        image_id = await self._digest(source, timings)
        if isinstance(source, bytes):
            # Whether they are known the join with the catalog tells: most uploads are not, and to
            # ask first would cost them all a read to save a few an embedding.
            return await self._computed(
                image_id, gaze, timings, lambda: self._decoded(source, gaze, timings)
            )
        facts = await self._facts_of(image_id, timings)
        if facts is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such image")
        as_stored = gaze == Gaze(None, ())
        stored = await self._stored(facts, timings) if as_stored else None
        return stored or await self._computed(
            image_id, gaze, timings, lambda: self._original(image_id, gaze, timings)
        )

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
                        Reason.TOO_MANY_BYTES, f"a picture may have {self._max_bytes:,} bytes"
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
        with timings.stage("index"):
            vector = await self._looks.stored(facts.image_id)
        if vector is None:
            return None
        size = facts.width, facts.height
        return Query(facts.image_id, *size, whole=True, embeddings=vector[None], sights=(WHOLE,))

    async def _computed(self, image_id: str, gaze: Gaze, timings: Timings, decode: Decode) -> Query:
        """Compute it, unless it is remembered; who asks the same meanwhile waits for that."""
        turn = self._turns.setdefault((image_id, gaze), asyncio.Lock())
        async with turn:
            if (remembered := self._remembered.get((image_id, gaze))) is not None:
                return remembered
            seen = await decode()
            with timings.stage("embed"):
                embeddings = await self._embedded(seen.pixels)
            size = seen.width, seen.height
            query = Query(
                image_id, *size, whole=gaze.box is None, embeddings=embeddings, sights=seen.sights
            )
            self._remembered.put((image_id, gaze), query)
            return query

    async def _embedded(self, pixels: Pixels) -> Embeddings:
        if len(pixels) == len(self._turns) == 1:
            return await self._parts.embedding.embed_alone(pixels)
        return await self._parts.embedding.embed(pixels, urgent=True)

    async def _original(self, image_id: str, gaze: Gaze, timings: Timings) -> DecodedViews:
        with timings.stage("decode"):
            data = await self._originals.of_image(image_id)
        return await self._decoded(data, gaze, timings)

    async def _decoded(self, data: bytes, gaze: Gaze, timings: Timings) -> DecodedViews:
        with timings.stage("decode"):
            return await self._parts.decoder.views(data, box=gaze.box, ways=gaze.ways)
