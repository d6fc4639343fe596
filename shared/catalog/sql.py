"""The catalog in SQL: every write one transaction, repeated if another got in its way."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import stamina
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.catalog import collecting, writing
from shared.catalog.faults import catalog_faults, is_conflict
from shared.catalog.reading import SqlReader
from shared.catalog.reads import Reads
from shared.records import ImageFacts, IndexedObject, ObjectRef, RejectedObject

T = TypeVar("T")

_AGAIN = stamina.AsyncRetryingCaller(
    attempts=8, timeout=None, wait_initial=0.01, wait_max=0.5, wait_jitter=0.02
).on(is_conflict)


class SqlCatalog(SqlReader):
    """`shared.protocols.Catalog` on SQLite or MySQL."""

    def __init__(self, reads: Reads, writing: AsyncEngine, model_id: str) -> None:
        super().__init__(reads, model_id)
        self._writing = writing

    async def claim(self, images: Sequence[ImageFacts]) -> None:
        """Write images as pending; see `shared.protocols.Catalog.claim`."""
        wanted = {facts.image_id: facts for facts in images}
        if wanted:
            await self._transaction(
                lambda connection: writing.claim(connection, wanted, self.model_id, _now())
            )

    async def record(
        self, indexed: Sequence[IndexedObject], rejected: Sequence[RejectedObject] = ()
    ) -> None:
        """Write what became of objects; see `shared.protocols.Catalog.record`.

        An object named twice counts as it was named last, a rejection after an image.

        Raises:
            ImageUnclaimed: an image was never claimed, or is being collected; nothing is written.
        """
        items: list[IndexedObject | RejectedObject] = [*indexed, *rejected]
        last = {item.stat.ref: item for item in items}
        if last:
            await self._transaction(
                lambda connection: writing.record(connection, list(last.values()), _now())
            )

    async def forget(self, refs: Sequence[ObjectRef]) -> int:
        """Drop objects; see `shared.protocols.Catalog.forget`."""
        if not refs:
            return 0
        return await self._transaction(lambda connection: writing.forget(connection, refs, _now()))

    async def begin_collecting(self, unused_since: datetime, limit: int) -> list[str]:
        """Mark images to be collected; see `shared.protocols.Catalog.begin_collecting`."""
        return await self._transaction(
            lambda connection: collecting.begin(connection, unused_since, limit)
        )

    async def end_collecting(self, image_ids: Collection[str]) -> None:
        """Drop images marked as collecting; see `shared.protocols.Catalog.end_collecting`."""
        await self._transaction(lambda connection: collecting.end(connection, image_ids))

    async def close(self) -> None:
        """Let go of all connections."""
        await super().close()
        await self._writing.dispose()

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def once() -> T:
            async with self._writing.begin() as connection:
                return await work(connection)

        with catalog_faults():
            return await _AGAIN(once)


def _now() -> datetime:
    return datetime.now(UTC)
