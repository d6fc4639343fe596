"""Waiting out the trouble of a part."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import stamina

from shared import metrics
from shared.errors import ImageUnclaimed, TransientError

P = ParamSpec("P")
T = TypeVar("T")

_retrying = stamina.AsyncRetryingCaller(
    attempts=None, timeout=None, wait_initial=0.1, wait_max=15.0
)

PARTS = ("store", "catalog", "index", "kafka", "model", "decoder")


class Waits:
    """Which parts this process is waiting for: calls that failed and have not succeeded since."""

    def __init__(self) -> None:
        self._calls: Counter[str] = Counter()
        for part in PARTS:
            metrics.WAITING.labels(part)

    @property
    def parts(self) -> list[str]:
        """Name the parts, in alphabetical order."""
        return sorted(part for part, calls in self._calls.items() if calls)

    @contextmanager
    def call(self) -> Iterator[Callable[[str], None]]:
        """Yield what notes that the call waits for a part, until the block is left."""
        waited_for: set[str] = set()

        def note(part: str) -> None:
            if part not in waited_for:
                waited_for.add(part)
                self._count(part, 1)

        try:
            yield note
        finally:
            for part in waited_for:
                self._count(part, -1)

    def _count(self, part: str, change: int) -> None:
        self._calls[part] += change
        metrics.WAITING.labels(part).set(self._calls[part])


waits = Waits()
"""Of this process: one, like its metrics."""


async def patiently(call: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call until the part answers: for ever, with jittered backoff. A fault is never a rejection.

    Raises only what no waiting mends.
    """
    with waits.call() as note:

        def passes(fault: Exception) -> bool:
            if not isinstance(fault, TransientError) or isinstance(fault, ImageUnclaimed):
                return False
            note(fault.part)
            return True

        return await _retrying.on(passes)(call, *args, **kwargs)
