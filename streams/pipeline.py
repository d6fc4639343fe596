"""Events to known pictures: the way of the data, top to bottom.

A step maps a list to a list. A bad object leaves as a rejection, one that is changing right now is
looked at again; only trouble of a part raises, and is then waited out. Every step may be repeated.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

import numpy as np

from shared import metrics
from shared.embedding.service import EmbeddingService
from shared.errors import ImageUnclaimed, ObjectChanging, ObjectGone, Rejected
from shared.images.decoder import Decoder
from shared.protocols import Catalog, ObjectStore, VectorIndex
from shared.records import Event, ImageFacts, ObjectBytes, ObjectRef, Outcome, StoredObject
from streams.batches import (
    Batch,
    Found,
    Look,
    Picture,
    Processed,
    by_image,
    is_unchanged,
    newest,
    portions,
)
from streams.fetching import Fetcher
from streams.patience import patiently


class Pipeline:
    """Takes batches of events through the steps; several batches may be under way at once."""

    def __init__(
        self,
        store: ObjectStore,
        catalog: Catalog,
        index: VectorIndex,
        decoder: Decoder,
        embedding: EmbeddingService,
        *,
        max_bytes: int,
    ) -> None:
        self._catalog = catalog
        self._index = index
        self._decoder = decoder
        self._embedding = embedding
        self._fetcher = Fetcher(store, max_bytes=max_bytes)

    async def process(self, events: Sequence[Event]) -> Processed:
        """Make catalog and index agree with the store about these objects.

        Returns when all is searchable and durable. Raises only what no waiting can mend.
        """
        batch = Batch()
        latest = newest(events)
        metrics.BATCH_SIZE.labels("events").observe(len(latest))
        for portion in portions(await self._changed(batch, latest)):
            await self._take(batch, portion)
        return await self._record(batch)

    async def give_up(self, event: Event, why: Rejected) -> Processed:
        """Reject one object without taking it through the steps, on which it brought trouble."""
        batch = Batch()
        for look in await self._look(batch, [event], {}):
            if look.stat:
                batch.reject(event, look.stat, why)
        return await self._record(batch)

    def close(self) -> None:
        """Let go of the threads."""
        self._fetcher.close()

    async def _take(self, batch: Batch, looks: Sequence[Look]) -> None:
        """Take a portion up to the index; its bytes are let go of before the next one's come."""
        with metrics.STAGE_SECONDS.labels("fetch").time():
            found = await self._fetch(batch, looks)
        unseen = await self._unseen(batch, found)
        pictures = await self._decode(batch, unseen)
        await self._embed_and_index(batch, pictures)

    async def _changed(self, batch: Batch, events: Sequence[Event]) -> list[Look]:
        """Drop what the catalog already holds.

        Only the store can tell: an old event may come again after newer ones. What the catalog does
        not know is read at once, if its size is known, so that a portion does not grow too large.
        """
        with metrics.STAGE_SECONDS.labels("look").time():
            known = await patiently(self._catalog.known, [event.ref for event in events])
            doubtful: list[Event] = []
            new: list[Event] = []
            for event in events:
                decided = event.again or event.ref not in known
                (new if decided and event.size is not None else doubtful).append(event)
            return await self._look(batch, doubtful, known) + [Look(event) for event in new]

    async def _look(
        self, batch: Batch, events: Sequence[Event], known: Mapping[ObjectRef, StoredObject]
    ) -> list[Look]:
        """Ask the store; what is gone or unchanged needs no reading."""
        looks = []
        stats = await self._fetcher.stat([event.ref for event in events])
        for event, stat in zip(events, stats, strict=True):
            held = known.get(event.ref)
            if isinstance(stat, ObjectGone):
                batch.remove(event)
            elif held and is_unchanged(event, stat, held):
                batch.keep(event, held)
            else:
                looks.append(Look(event, stat))
        return looks

    async def _fetch(self, batch: Batch, looks: Sequence[Look]) -> list[Found]:
        """Read objects whole; their digests come with them."""
        results = await self._fetcher.read([look.event.ref for look in looks])
        found, refused = [], []
        for look, result in zip(looks, results, strict=True):
            if isinstance(result, ObjectBytes):
                found.append(Found(look.event, result))
            elif isinstance(result, ObjectGone):
                batch.remove(look.event)
            elif isinstance(result, ObjectChanging):
                batch.again.append(look.event)
            elif look.stat is None:
                refused.append(look.event)
            else:
                batch.reject(look.event, look.stat, result)
        if refused:
            # A rejection is of a state that was there before and after: look, then read once more.
            found += await self._fetch(batch, await self._look(batch, refused, {}))
        return found

    async def _unseen(self, batch: Batch, found: Sequence[Found]) -> dict[str, tuple[Found, ...]]:
        """Keep one of each set of bytes not yet in the index; no model runs for the rest."""
        groups = by_image(found)
        if not groups:
            return {}
        with metrics.STAGE_SECONDS.labels("known").time():
            seen = await patiently(self._catalog.known_images, list(groups))
        for image_id in seen:
            for each in groups.pop(image_id):
                batch.index(each.event, each.object, Outcome.DUPLICATE)
        return groups

    async def _decode(self, batch: Batch, unseen: dict[str, tuple[Found, ...]]) -> list[Picture]:
        """Decode in processes of their own; what is no picture is rejected."""
        groups = list(unseen.items())
        with metrics.STAGE_SECONDS.labels("decode").time():
            data = [held[0].object.data for _, held in groups]
            images = await patiently(self._decoder.decode_all, data)
        pictures = []
        for (image_id, held), image in zip(groups, images, strict=True):
            if isinstance(image, Rejected):
                for each in held:
                    batch.reject(each.event, each.object.stat, image)
                continue
            size = len(held[0].object.data)
            facts = ImageFacts(image_id, image.width, image.height, image.format, size)
            pictures.append(Picture(facts, image.pixels, held))
        return pictures

    async def _embed_and_index(self, batch: Batch, pictures: Sequence[Picture]) -> None:
        """Claim rows, embed, and write vectors: none is ever in the index without a row."""
        if not pictures:
            return
        try:
            await patiently(self._catalog.claim, [picture.facts for picture in pictures])
        except ImageUnclaimed:  # the collector has one of them; all wait for the end of that
            batch.again.extend(each.event for picture in pictures for each in picture.holders)
            return
        with metrics.STAGE_SECONDS.labels("embed").time():
            pixels = np.stack([picture.pixels for picture in pictures])
            embeddings = await self._embedding.embed(pixels)
        image_ids = [picture.facts.image_id for picture in pictures]
        with metrics.STAGE_SECONDS.labels("index").time():
            await patiently(asyncio.to_thread, self._index.upsert, image_ids, embeddings)
        for picture in pictures:
            first, *others = picture.holders
            batch.index(first.event, first.object, Outcome.INDEXED)
            for other in others:
                batch.index(other.event, other.object, Outcome.DUPLICATE)

    async def _record(self, batch: Batch) -> Processed:
        """Write the rows; an object that changed since it was read is looked at again instead."""
        with metrics.STAGE_SECONDS.labels("record").time():
            changes = [change for _, change in batch.changes]
            moved = await patiently(self._catalog.record, changes, self._fetcher.present)
        for settled, change in batch.changes:
            if change.ref in moved:
                batch.again.append(settled.event)
            else:
                batch.settled.append(settled)
        _count(batch)
        return Processed(batch.settled, batch.again)


def _count(batch: Batch) -> None:
    now = time.time()
    for settled in batch.settled:
        metrics.OUTCOMES.labels(settled.outcome).inc()
        if settled.outcome is not Outcome.UNCHANGED:
            metrics.FRESHNESS.observe(max(0.0, now - settled.event.seen_at))
        if settled.outcome is Outcome.REJECTED and settled.rejection:
            metrics.REJECTIONS.labels(settled.rejection.reason).inc()
