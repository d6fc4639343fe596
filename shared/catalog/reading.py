"""Asking the catalog: single statements on connections of their own, never behind the writer."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Executable, Select

from shared.catalog import browsing, calibrating, filtering, naming, queries
from shared.catalog.faults import catalog_faults
from shared.catalog.lists import chunks
from shared.catalog.reads import Reads
from shared.catalog.rows import stored_object
from shared.errors import Reason
from shared.records import (
    BucketCount,
    CatalogStats,
    Folder,
    ImageFacts,
    ImageState,
    LiveObject,
    MeasuredThreshold,
    ObjectFilter,
    ObjectRef,
    ObjectState,
    Shares,
    StoredObject,
)

FEW = 64
"""Ids that are looked up in a third of a millisecond."""


class SqlReader:
    """`shared.protocols.CatalogReader` on SQLite or MySQL."""

    def __init__(self, reads: Reads, model_id: str) -> None:
        self.model_id = model_id
        self._reads = reads

    async def known(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, StoredObject]:
        """Tell what is recorded of these objects; the unknown are left out."""
        rows = await self._by_ids(queries.KNOWN, [ref.object_id for ref in refs])
        stored = map(stored_object, rows)
        return {item.stat.ref: item for item in stored}

    async def known_images(self, image_ids: Collection[str]) -> dict[str, ImageFacts]:
        """Tell which of these images are in the index, and their facts."""
        rows = await self._looked_up(queries.KNOWN_IMAGES, image_ids)
        return {row[0]: ImageFacts(*row) for row in rows}

    async def find(
        self, image_ids: Collection[str], where: ObjectFilter, limit: int = 20
    ) -> dict[str, list[LiveObject]]:
        """Join hits with live objects; see `shared.protocols.CatalogReader.find`."""
        found: dict[str, list[LiveObject]] = {}
        for chunk in chunks(image_ids):
            for image_id, bucket, key, *rest in await self._joined(chunk, where, limit):
                objects = found.setdefault(image_id, [])
                if len(objects) < limit:
                    objects.append(LiveObject(ObjectRef(bucket, key), *rest))
        return found

    async def matching_images(self, where: ObjectFilter, limit: int) -> Collection[str] | None:
        """Name the images that pass; see `shared.protocols.CatalogReader.matching_images`."""
        return await naming.name_images(self._rows, where, limit)

    async def shares(self, where: ObjectFilter) -> Shares:
        """Estimate which share of images passes; see `shared.protocols.CatalogReader.shares`."""
        return await naming.sample(self._rows, where)

    async def image_ids(self, state: ImageState, after: str = "", limit: int = 1000) -> list[str]:
        """Name images of one state in order; see `shared.protocols.CatalogReader.image_ids`."""
        wanted = {"model_id": self.model_id, "state": state.value, "after": after, "most": limit}
        return [row[0] for row in await self._rows(queries.IMAGES_IN_ORDER, **wanted)]

    async def objects_with_user_key(self, user_keys: Collection[str]) -> list[StoredObject]:
        """List the objects that carry one of the user's own identifiers, in no special order."""
        return [stored_object(row) for row in await self._by_ids(queries.BY_USER_KEY, user_keys)]

    async def page(
        self,
        *,
        bucket: str | None = None,
        prefix: str = "",
        state: ObjectState | None = None,
        reason: Reason | None = None,
        after: ObjectRef | None = None,
        limit: int = 100,
    ) -> list[StoredObject]:
        """List recorded objects in (bucket, key) byte order, those after `after`."""
        wanted = queries.page(bucket, prefix, state, reason)
        if after is None:
            return [stored_object(row) for row in await self._rows(wanted.limit(limit))]
        # The rest of that bucket, then those behind it: two ranges of an index, where one condition
        # for both would make either database walk it from the bucket's first key.
        rows = await self._rows(queries.rest_of_bucket(wanted, after).limit(limit))
        if len(rows) < limit:
            behind = queries.buckets_behind(wanted, after)
            rows += await self._rows(behind.limit(limit - len(rows)))
        return [stored_object(row) for row in rows]

    async def level(
        self,
        folder: ObjectRef,
        *,
        state: ObjectState | None = None,
        after: ObjectRef | None = None,
        limit: int = 100,
    ) -> list[StoredObject | Folder]:
        """List one level of a bucket; see `shared.protocols.CatalogReader.level`."""
        with catalog_faults():
            return await self._reads.run(
                lambda c: browsing.read_level(c, folder, state, after, limit)
            )

    async def reasons(self, bucket: str | None = None, prefix: str = "") -> dict[Reason, int]:
        """Count the rejected objects by reason."""
        rows = await self._rows(browsing.reasons(bucket, prefix))
        return {Reason(reason): count for reason, count in rows}

    async def buckets(self) -> list[BucketCount]:
        """Count objects per bucket, in bucket order."""
        counts: dict[str, dict[str, int]] = {}
        for bucket, state, count in await self._rows(queries.COUNTS):
            counts.setdefault(bucket, {})[state] = count
        return [
            BucketCount(
                bucket,
                indexed=by_state.get(ObjectState.INDEXED, 0),
                rejected=by_state.get(ObjectState.REJECTED, 0),
            )
            for bucket, by_state in counts.items()
        ]

    async def stats(self) -> CatalogStats:
        """Count everything."""
        totals: dict[str, int] = {row[0]: row[1] for row in await self._rows(queries.TOTALS)}
        ((images,),) = await self._rows(queries.IMAGES, model_id=self.model_id)
        ((newest,),) = await self._rows(queries.NEWEST)
        rejected = totals.get(ObjectState.REJECTED, 0)
        return CatalogStats(
            objects=sum(totals.values()), images=images, rejected=rejected, newest=newest
        )

    async def measured(self) -> MeasuredThreshold | None:
        """Tell what was measured with this model; see `shared.protocols.CatalogReader.measured`."""
        rows = await self._rows(calibrating.OF_MODEL, model_id=self.model_id)
        return MeasuredThreshold(*rows[0]) if rows else None

    async def close(self) -> None:
        """Let go of all connections."""
        await self._reads.dispose()

    async def _joined(
        self, image_ids: list[str], where: ObjectFilter, limit: int
    ) -> list[tuple[Any, ...]]:
        """Ask for at least the first `limit` objects of each image.

        Most have one or two, so all of all are asked for; only where that is too many, which one
        image alone can make it, each image's are counted: twice the work of the database.
        """
        conditions, enough = filtering.set_in(where), limit * len(image_ids)
        values: dict[str, Any] = filtering.values_of(where)
        ask: naming.Ask = partial(self._by_ids, **values) if where else self._looked_up
        rows = await ask(queries.find(conditions), image_ids, most=enough + 1)
        if len(rows) <= enough or len(image_ids) == 1:
            return rows
        return await ask(queries.find_of_each(conditions), image_ids, most=limit)

    async def _rows(self, statement: Executable, **values: object) -> list[tuple[Any, ...]]:
        with catalog_faults():
            return await self._reads.run(lambda c: list(c.execute(statement, values).all()))

    async def _looked_up(
        self, statement: Select[Any], ids: Collection[str], **numbers: int
    ) -> list[tuple[Any, ...]]:
        """Ask for rows by image ids, at once if that is quick."""
        if 0 < len(ids) <= FEW:
            rows = self._reads.at_once(statement, list(ids), numbers)
            if rows is not None:
                return rows
        return await self._by_ids(statement, ids, **numbers)

    async def _by_ids(
        self, statement: Select[Any], ids: Collection[Any], **values: object
    ) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for chunk in chunks(ids):
            rows += await self._rows(statement, ids=chunk, **values)
        return rows
