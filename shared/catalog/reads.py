"""How a read gets to the database: in place, in a thread of its own, or over the event loop.

SQLite's asynchronous driver is a thread too, but takes a hop to it for each step of a read; a whole
read in one hop takes a third of the time (0.13 against 0.40 ms).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Select
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.catalog.nearby import Nearby

T = TypeVar("T")

READ_S = 10.0
"""How long a read from a server may take; one that hangs says nothing."""


class Reads(Protocol):
    """Runs reads, each on a connection that nobody else uses meanwhile."""

    async def run(self, read: Callable[[Connection], T]) -> T:
        """Run `read` and return what it does."""

    def at_once(
        self, statement: Select[Any], ids: Sequence[str], numbers: Mapping[str, int]
    ) -> list[tuple[Any, ...]] | None:
        """Look up a few rows by their ids, where that takes no waiting; else None."""

    async def dispose(self) -> None:
        """Let go of all connections."""


class ThreadedReads:
    """Each read in one of `connections` threads, or nearby."""

    def __init__(self, engine: Engine, connections: int, nearby: Nearby) -> None:
        self._engine = engine
        self._nearby = nearby
        self._threads = ThreadPoolExecutor(connections, "catalog")

    async def run(self, read: Callable[[Connection], T]) -> T:
        """Run `read` in a thread; reads beyond the threads wait for one."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, read)

    def at_once(
        self, statement: Select[Any], ids: Sequence[str], numbers: Mapping[str, int]
    ) -> list[tuple[Any, ...]] | None:
        """Look up a few rows in a small file."""
        return self._nearby.rows(statement, ids, numbers)

    async def dispose(self) -> None:
        """Finish what is being read, then close."""
        await asyncio.to_thread(self._threads.shutdown)
        self._nearby.close()
        self._engine.dispose()

    def _run(self, read: Callable[[Connection], T]) -> T:
        with self._engine.connect() as connection:
            return read(connection)


class AsyncReads:
    """Each read over a connection of an asynchronous driver."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def run(self, read: Callable[[Connection], T]) -> T:
        """Run `read`; what it asks of the database does not block the loop.

        Raises:
            TimeoutError: the database took longer than READ_S.
        """
        async with asyncio.timeout(READ_S), self._engine.connect() as connection:
            return await connection.run_sync(read)

    def at_once(
        self, _statement: Select[Any], _ids: Sequence[str], _numbers: Mapping[str, int]
    ) -> list[tuple[Any, ...]] | None:
        """A server is never so near."""
        return None

    async def dispose(self) -> None:
        """Close."""
        await self._engine.dispose()
