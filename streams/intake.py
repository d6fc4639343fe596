"""Between whoever notices changes and the pipeline: bounded, deduplicated, several batches at once.

An object is in one batch at a time. A second event of it waits until the first is done, so what is
recorded last is what was read last.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Protocol

from shared import metrics
from shared.records import Event, ObjectRef
from streams.batches import Settled, merged
from streams.pipeline import Processed

BATCHES_AT_ONCE = 3  # one is fetched and decoded, one embedded, one written
CAPACITY = 4096  # events waiting; a few hundred bytes each
LOOK_AGAIN_S, LOOK_AGAIN_MOST_S = 0.25, 5.0
PATIENCE = 4  # looks at an object that keeps changing, before it counts as in motion


class Processor(Protocol):
    """What the intake feeds: the pipeline, or something around it."""

    async def process(self, events: Sequence[Event]) -> Processed:
        """Settle a batch of events, no object twice; raises only what no waiting can mend."""


class Intake:
    """Collects events into batches and runs them through a processor. For one event loop."""

    def __init__(self, processor: Processor, *, batch_size: int, batch_age_s: float) -> None:
        self._processor = processor
        self._batch_size = batch_size
        self._batch_age_s = batch_age_s
        self._waiting: dict[ObjectRef, Event] = {}
        self._under_way: set[ObjectRef] = set()
        self._resting: dict[ObjectRef, asyncio.TimerHandle] = {}  # changing when looked at
        self._looks: Counter[ObjectRef] = Counter()  # how often that was so
        self._changed = asyncio.Event()
        self._settled: list[Callable[[Settled], None]] = []

    def on_settled(self, listener: Callable[[Settled], None]) -> None:
        """Call `listener` with each event that is done, and its outcome."""
        self._settled.append(listener)

    async def offer(self, event: Event) -> None:
        """Take an event; waits while too many others do (that is the back-pressure).

        A newer event replaces a waiting one of the same object.
        """
        await self._until(lambda: event.ref in self._waiting or len(self._waiting) < CAPACITY)
        if event.ref in self._looks:  # it changed anew, so it may be done soon
            self._looks[event.ref] = min(self._looks[event.ref], PATIENCE)
        self._put(event)

    async def idle(self) -> None:
        """Wait until nothing waits and nothing is under way, objects that keep changing aside."""
        await self._until(self._is_idle)

    async def run(self) -> None:
        """Process events until cancelled; what is under way is then finished first.

        Raises only what no waiting can mend; the process is then to end.
        """
        slots = asyncio.Semaphore(BATCHES_AT_ONCE)
        async with asyncio.TaskGroup() as batches:
            try:
                while True:
                    await slots.acquire()
                    task = batches.create_task(self._process(await self._next_batch()))
                    task.add_done_callback(lambda _: slots.release())
            except asyncio.CancelledError:
                return

    async def _next_batch(self) -> list[Event]:
        """Wait for an event, then for a full batch or its age."""
        await self._until(lambda: self._ready(1))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._batch_age_s):
                await self._until(lambda: self._ready(self._batch_size))
        refs = list(islice(self._free(), self._batch_size))
        self._under_way.update(refs)
        events = [self._waiting.pop(ref) for ref in refs]
        self._tell()
        return events

    async def _process(self, events: list[Event]) -> None:
        processed = await self._processor.process(events)
        self._under_way.difference_update(event.ref for event in events)
        for settled in processed.settled:
            self._looks.pop(settled.event.ref, None)
            for listener in self._settled:
                listener(settled)
        for event in processed.again:
            self._rest(event)
        self._tell()

    def _rest(self, event: Event) -> None:
        """Look again in a moment; ever less often at what never comes to rest."""
        if event.ref in self._waiting:
            self._put(merged(event, self._waiting[event.ref]))
            return
        self._looks[event.ref] += 1
        doublings = max(0, self._looks[event.ref] - PATIENCE)
        delay = min(LOOK_AGAIN_S * 2.0 ** min(doublings, 16), LOOK_AGAIN_MOST_S)
        loop = asyncio.get_running_loop()
        self._resting[event.ref] = loop.call_later(delay, self._put, event)

    def _put(self, event: Event) -> None:
        if timer := self._resting.pop(event.ref, None):
            timer.cancel()
        self._waiting[event.ref] = merged(self._waiting.get(event.ref), event)
        self._tell()

    def _free(self) -> Iterator[ObjectRef]:
        """Name what can be taken up now, the longest waiting first."""
        return (ref for ref in self._waiting if ref not in self._under_way)

    def _ready(self, wanted: int) -> bool:
        """Whether `wanted` events can be taken up now."""
        return next(islice(self._free(), wanted - 1, None), None) is not None

    def _is_idle(self) -> bool:
        settling = any(self._looks[ref] < PATIENCE for ref in self._resting)
        return not (self._waiting or self._under_way or settling)

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition. What follows the last look at it runs before anything else does."""
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    def _tell(self) -> None:
        """Wake all who wait, to look whether their condition holds."""
        metrics.LAG.labels("folder").set(len(self._waiting))
        metrics.IN_FLIGHT.labels("events").set(len(self._under_way))
        self._changed.set()
