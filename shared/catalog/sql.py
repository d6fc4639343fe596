"""The catalog in SQL: every write one transaction, repeated if another got in its way."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import stamina
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.catalog import calibrating, collecting, leasing, repairing, writing
from shared.catalog.faults import catalog_faults, is_conflict, refusals
from shared.catalog.guard import Guard
from shared.catalog.reading import SqlReader
from shared.catalog.reads import Reads
from shared.protocols import Delete, Present
from shared.records import Change, ImageFacts, MeasuredThreshold, ObjectRef

T = TypeVar("T")

TRANSACTION_S = 90.0
"""How long a transaction may take, with what it awaits; a server that hangs says nothing."""

_AGAIN = stamina.AsyncRetryingCaller(
    attempts=8, timeout=None, wait_initial=0.01, wait_max=0.5, wait_jitter=0.02
).on(is_conflict)


class SqlCatalog(SqlReader):
    """`shared.protocols.Catalog` on SQLite or MySQL."""

    def __init__(
        self, reads: Reads, writing: AsyncEngine, model_id: str, guard: Guard | None
    ) -> None:
        """Take the connections; `guard` stands in for row locks where there are none."""
        super().__init__(reads, model_id)
        self._writing = writing
        self._guard = guard

    async def claim(self, images: Sequence[ImageFacts]) -> None:
        """Write images as pending; see `shared.protocols.Catalog.claim`."""
        wanted = {facts.image_id: facts for facts in images}
        if wanted:
            await self._transaction(
                lambda connection: writing.claim(connection, wanted, self.model_id, _now())
            )

    async def record(self, changes: Sequence[Change], present: Present) -> set[ObjectRef]:
        """Write what became of objects; see `shared.protocols.Catalog.record`."""
        last = {change.ref: change for change in changes}
        if not last:
            return set()
        return await self._transaction(
            lambda connection: writing.record(connection, list(last.values()), present, _now())
        )

    async def collect(self, unused_since: datetime, limit: int, delete: Delete) -> int:
        """Delete images that no object uses; see `shared.protocols.Catalog.collect`."""
        if self._guard is None:
            marked = await self._mark(unused_since, limit)
            return await self._transaction(lambda c: _delete_held(c, marked, delete))
        async with self._guard.alone() as alone:
            if not alone:
                return 0
            marked = await self._mark(unused_since, limit)
            if marked:
                await delete(marked)
                await self._transaction(lambda c: collecting.drop(c, marked))
            return len(marked)

    async def _mark(self, unused_since: datetime, limit: int) -> list[str]:
        return await self._transaction(lambda c: collecting.mark(c, unused_since, limit))

    async def adopt(self, image_ids: Collection[str]) -> int:
        """Give vectors without a row one; see `shared.protocols.Catalog.adopt`."""
        return await self._transaction(
            lambda connection: repairing.adopt(connection, image_ids, self.model_id, _now())
        )

    async def unindex(self, image_ids: Collection[str]) -> int:
        """Set images without a vector back; see `shared.protocols.Catalog.unindex`."""
        return await self._transaction(lambda connection: repairing.unindex(connection, image_ids))

    async def calibrate(self, measured: MeasuredThreshold) -> None:
        """Write what was measured; see `shared.protocols.Catalog.calibrate`."""
        await self._transaction(
            lambda connection: calibrating.calibrate(connection, self.model_id, measured)
        )

    async def lead(self, name: str, holder: str, seconds: float) -> bool:
        """Take, renew or let go of a lease; see `shared.protocols.Catalog.lead`."""
        duration = timedelta(seconds=seconds)
        return await self._transaction(
            lambda connection: leasing.lead(connection, name, holder, duration)
        )

    async def close(self) -> None:
        """Let go of all connections."""
        await super().close()
        await self._writing.dispose()

    async def _transaction(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def once() -> T:
            async with asyncio.timeout(TRANSACTION_S), self._writing.begin() as connection:
                return await work(connection)

        with catalog_faults(), refusals():
            return await _AGAIN(once)


async def _delete_held(connection: AsyncConnection, marked: list[str], delete: Delete) -> int:
    held = await collecting.hold(connection, marked)
    if held:
        await delete(held)
        await collecting.drop(connection, held)
    return len(held)


def _now() -> datetime:
    return datetime.now(UTC)
