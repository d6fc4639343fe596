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
from streams.asking import Ask, Done, Resting
from streams.batches import Processed, Settled

BATCHES_AT_ONCE = 3  # one is fetched and decoded, one embedded, one written
CAPACITY = 4096  # events waiting; a few hundred bytes each


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
        self._waiting: dict[ObjectRef, Ask] = {}
        self._under_way: dict[ObjectRef, Ask] = {}
        self._resting = Resting(self._put)
        self._changed = asyncio.Event()
        self._listeners: list[Callable[[Settled], None]] = []

    def on_settled(self, listener: Callable[[Settled], None]) -> None:
        """Call `listener` with each event that is done, and its outcome."""
        self._listeners.append(listener)

    async def offer(self, event: Event, done: Done | None = None) -> None:
        """Take an event; waits while too many others do (that is the back-pressure).

        A newer event replaces a waiting one of the same object. `done` is called exactly once,
        when the object was settled by a look that began after this.
        """
        await self._until(lambda: event.ref in self._waiting or len(self._waiting) < CAPACITY)
        self._resting.changed_anew(event.ref)
        self._put(Ask(event, (done,) if done else ()))

    @property
    def unsettled(self) -> int:
        """How many objects are to be looked at, or are just being looked at."""
        return len(self._waiting.keys() | self._under_way.keys())

    async def idle(self) -> None:
        """Wait until all that was offered so far is settled, objects that keep changing aside."""
        left: Counter[ObjectRef] = Counter()

        def done(settled: Settled) -> None:
            left[settled.event.ref] -= 1

        for asks in (self._waiting, self._under_way):
            for ref, ask in asks.items():
                asks[ref] = ask.telling(done)
            left.update(asks.keys())
        left.update(self._resting.telling(done))
        for ref in left:
            while left[ref] > 0 and not self._resting.in_motion(ref):
                await self._next_change()

    async def run(self) -> None:
        """Process events until cancelled; what is under way is then finished first.

        Cancelled once more, it drops that too. Raises only what no waiting can mend; the process
        is then to end.
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
        """Wait for an event, then, while others are under way, for a full batch or its age."""
        await self._until(lambda: self._ready(1))
        with suppress(TimeoutError):
            async with asyncio.timeout(self._batch_age_s if self._under_way else 0):
                await self._until(lambda: self._ready(self._batch_size))
        refs = list(islice(self._free(), self._batch_size))
        asks = {ref: self._waiting.pop(ref) for ref in refs}
        self._under_way.update(asks)
        self._tell()
        return [ask.event for ask in asks.values()]

    async def _process(self, batch: list[Event]) -> None:
        processed = await self._processor.process(batch)
        asks = {event.ref: self._under_way.pop(event.ref) for event in batch}
        for settled in processed.settled:
            self._resting.settled(settled.event.ref)
            for told in (*self._listeners, *asks[settled.event.ref].told):
                told(settled)
        for event in processed.again:
            self._look_again(asks[event.ref])
        self._tell()

    def _look_again(self, ask: Ask) -> None:
        if newer := self._waiting.get(ask.event.ref):
            self._waiting[ask.event.ref] = newer.after(ask)
        else:
            self._resting.rest(ask)

    def _put(self, ask: Ask) -> None:
        ref = ask.event.ref
        older = self._resting.wake(ref) or self._waiting.get(ref)  # never both
        self._waiting[ref] = ask.after(older)
        self._tell()

    def _free(self) -> Iterator[ObjectRef]:
        """Name what can be taken up now, the longest waiting first."""
        return (ref for ref in self._waiting if ref not in self._under_way)

    def _ready(self, wanted: int) -> bool:
        """Whether `wanted` events can be taken up now."""
        return next(islice(self._free(), wanted - 1, None), None) is not None

    async def _until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition. What follows the last look at it runs before anything else does."""
        while not holds():
            await self._next_change()

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _tell(self) -> None:
        """Wake all who wait, to look whether their condition holds."""
        metrics.IN_FLIGHT.labels("events").set(len(self._under_way))
        self._changed.set()
