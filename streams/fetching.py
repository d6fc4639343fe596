"""Asks the store about many objects at a time."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from shared.errors import ObjectChanging, ObjectGone, Rejected
from shared.protocols import ObjectStore
from shared.records import ObjectBytes, ObjectRef, ObjectStat
from streams.patience import patiently

THREADS = 8

R = TypeVar("R")


class Fetcher:
    """A store that answers for lists of objects, each with what came of it; waits out trouble."""

    def __init__(self, store: ObjectStore, *, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._threads = ThreadPoolExecutor(THREADS, "fetch")

    async def stat(self, refs: Sequence[ObjectRef]) -> list[ObjectStat | ObjectGone]:
        """Tell the objects' present states."""
        return await self._map(self._stat, refs)

    async def present(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, ObjectStat]:
        """Tell the states of those that are there; see `shared.protocols.Present`.

        Raises:
            TransientError: the store does not answer; unlike the others, this waits for nothing.
        """
        stats = await self._map(self._stat, refs, patience=False)
        return {stat.ref: stat for stat in stats if isinstance(stat, ObjectStat)}

    async def read(
        self, refs: Sequence[ObjectRef]
    ) -> list[ObjectBytes | ObjectGone | ObjectChanging | Rejected]:
        """Read objects whole."""
        return await self._map(self._read, refs)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown()

    def _stat(self, ref: ObjectRef) -> ObjectStat | ObjectGone:
        try:
            return self._store.stat(ref)
        except ObjectGone as outcome:
            return outcome

    def _read(self, ref: ObjectRef) -> ObjectBytes | ObjectGone | ObjectChanging | Rejected:
        try:
            return self._store.read(ref, self._max_bytes)
        except (ObjectGone, ObjectChanging, Rejected) as outcome:
            return outcome

    async def _map(
        self, call: Callable[[ObjectRef], R], refs: Sequence[ObjectRef], *, patience: bool = True
    ) -> list[R]:
        """Map a blocking call over objects, a slice to each thread."""
        loop = asyncio.get_running_loop()

        async def run(part: Sequence[ObjectRef]) -> list[R]:
            return await loop.run_in_executor(self._threads, lambda: [call(ref) for ref in part])

        count = min(THREADS, len(refs))
        slices = [refs[n::count] for n in range(count)]
        parts = await asyncio.gather(
            *(patiently(run, part) if patience else run(part) for part in slices)
        )
        return [parts[n % count][n // count] for n in range(len(refs))]
