"""`seenit worker` in a process of its own, on a catalog that tells when it is asked and written."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum, auto
from multiprocessing import get_context
from multiprocessing.connection import Connection
from queue import Empty, SimpleQueue
from typing import Any, cast

import numpy as np

from seenit.running import run
from shared.errors import Rejected, SeenitError
from shared.protocols import Catalog, Present
from shared.records import Change, IndexedObject, ObjectRef
from shared.settings import Settings
from streams.parts import Adapters, open_adapters
from streams.worker import work

STOP_S = 60.0

Opening = Callable[[Settings], AbstractAsyncContextManager[Adapters]]


class What(StrEnum):
    """What a worker tells of."""

    WORKING = auto()  # it has joined the others
    LOOKING = auto()  # it looks at the first events
    FOUND = auto()  # rows are written, so the objects are found


@dataclass(frozen=True, slots=True)
class Told:
    """What a worker tells.

    Attributes:
        at: when, in seconds of `time.monotonic`, the clock that all processes share.
        keys: of the objects found.
    """

    what: What
    at: float
    keys: tuple[str, ...] = ()


class Consuming:
    """A worker under way. Blocks; all methods raise `SeenitError` where the worker has ended."""

    def __init__(self, line: Connection) -> None:
        self._told: SimpleQueue[Told | None] = SimpleQueue()
        # A worker that nobody listens to would stand still once the line is full.
        threading.Thread(target=self._listen, args=(line,), daemon=True).start()

    def first(self, what: What) -> float:
        """Wait until it tells of that; returns when it was."""
        while (told := self._next()).what is not what:
            pass
        return told.at

    def found_until(self, at: float) -> list[float]:
        """Tell when each of the objects was found that are found before `at`."""
        moments: list[float] = []
        with suppress(Empty):
            while True:
                told = self._next(max(0.0, at - time.monotonic()))
                moments += [told.at] * len(told.keys)
        return [moment for moment in moments if moment < at]

    def found(self, count: int) -> dict[str, float]:
        """Wait until so many objects are found; returns when each first was."""
        at: dict[str, float] = {}
        while len(at) < count:
            told = self._next()
            at = dict.fromkeys(told.keys, told.at) | at
        return at

    def _next(self, within: float | None = None) -> Told:
        told = self._told.get(timeout=within)
        if told is None:
            raise SeenitError("the worker ended before its time")
        return told

    def _listen(self, line: Connection) -> None:
        with suppress(EOFError):
            while True:
                self._told.put(line.recv())
        self._told.put(None)


@contextmanager
def consuming(
    settings: Settings, warm: Sequence[bytes], opening: Opening = open_adapters
) -> Iterator[Consuming]:
    """Run a worker that has seen the pictures `warm`; stops it at the end.

    Args:
        settings: what to work on.
        warm: files, as bytes; none of them is counted.
        opening: opens the parts to work with; can be pickled.
    """
    context = get_context("spawn")
    line, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_consume, args=(settings, warm, opening, theirs))
    process.start()
    theirs.close()
    try:
        yield Consuming(line)
    finally:
        process.terminate()
        process.join(STOP_S)
        process.kill()


class _Telling:
    """A catalog that tells of the first look at it, and of what is written; it never leads."""

    def __init__(self, catalog: Catalog, tell: Callable[..., None]) -> None:
        self._catalog = catalog
        self._tell = tell
        self._looked = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the catalog has
        return getattr(self._catalog, name)

    async def known(self, refs: Sequence[ObjectRef]) -> object:
        if not self._looked:
            self._looked = True
            self._tell(What.LOOKING)
        return await self._catalog.known(refs)

    async def record(self, changes: Sequence[Change], present: Present) -> set[ObjectRef]:
        again = await self._catalog.record(changes, present)
        done = (change.ref for change in changes if isinstance(change, IndexedObject))
        self._tell(What.FOUND, *(ref.key for ref in done if ref not in again))
        return again

    async def lead(self, *_: object) -> bool:
        """Let nobody compare: that would find the very objects that events tell of."""
        return False


def _consume(settings: Settings, warm: Sequence[bytes], opening: Opening, line: Connection) -> None:
    def tell(what: What, *keys: str) -> None:
        line.send(Told(what, time.monotonic(), keys))

    async def worker() -> None:
        async with opening(settings) as adapters:
            if warm:
                await _warm_up(adapters, warm)
            telling = cast("Catalog", _Telling(adapters.catalog, tell))
            await work(settings, replace(adapters, catalog=telling), lambda _: tell(What.WORKING))

    run(worker())


async def _warm_up(adapters: Adapters, pictures: Sequence[bytes]) -> None:
    decoded = await adapters.decoder.decode_all(pictures)
    pixels = [one.pixels for one in decoded if not isinstance(one, Rejected)]
    await adapters.embedding.embed(np.stack(pixels))
