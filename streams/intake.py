"""Between whoever notices changes and the pipeline: bounded, deduplicated, several batches at once.

An object is in one batch at a time. A second event of it waits until the first is done, so what is
recorded last is what was read last.
"""

import asyncio
from collections.abc import Callable

from shared import metrics
from shared.records import Event, ObjectRef, Outcome
from streams.pipeline import Pipeline

BATCHES_AT_ONCE = 3  # one is fetched and decoded, one embedded, one written
CAPACITY = 4096  # events waiting; a few hundred bytes each
LOOK_AGAIN_S = 0.25


class Intake:
    """Collects events into batches and runs them through the pipeline."""

    def __init__(self, pipeline: Pipeline, *, batch_size: int, batch_age_s: float) -> None:
        self._pipeline = pipeline
        self._batch_size = batch_size
        self._batch_age_s = batch_age_s
        self._waiting: dict[ObjectRef, Event] = {}
        self._under_way: set[ObjectRef] = set()
        self._changed = asyncio.Condition()
        self._settled: list[Callable[[Event, Outcome], None]] = []

    def on_settled(self, listener: Callable[[Event, Outcome], None]) -> None:
        """Call `listener` with each event that is done, and its outcome."""
        self._settled.append(listener)

    async def offer(self, event: Event) -> None:
        """Take an event; waits while too many others do (that is the back-pressure).

        A newer event replaces a waiting one of the same object.
        """
        async with self._changed:
            await self._changed.wait_for(
                lambda: event.ref in self._waiting or len(self._waiting) < CAPACITY
            )
            self._put(event)

    async def idle(self) -> None:
        """Wait until nothing waits and nothing is under way, objects that keep changing aside."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._waiting and not self._under_way)

    async def run(self) -> None:
        """Process events until cancelled; what is under way is then finished first.

        Raises only what no waiting can mend; the process is then to end.
        """
        slots = asyncio.Semaphore(BATCHES_AT_ONCE)
        async with asyncio.TaskGroup() as batches:
            try:
                while True:
                    await slots.acquire()
                    events = await self._next_batch()
                    task = batches.create_task(self._process(events))
                    task.add_done_callback(lambda _: slots.release())
            except asyncio.CancelledError:
                return

    async def _next_batch(self) -> list[Event]:
        """Wait for an event, then for a full batch or its age."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._ready(1))
            try:
                async with asyncio.timeout(self._batch_age_s):
                    await self._changed.wait_for(lambda: self._ready(self._batch_size))
            except TimeoutError:
                pass
            refs = [ref for ref in self._waiting if ref not in self._under_way]
            events = [self._waiting.pop(ref) for ref in refs[: self._batch_size]]
            self._under_way.update(event.ref for event in events)
            self._measure()
            self._changed.notify_all()
            return events

    def _ready(self, wanted: int) -> bool:
        """Whether `wanted` events can be taken up now."""
        if len(self._waiting) - len(self._under_way) >= wanted:
            return True
        return sum(ref not in self._under_way for ref in self._waiting) >= wanted

    async def _process(self, events: list[Event]) -> None:
        processed = await self._pipeline.process(events)
        async with self._changed:
            self._under_way.difference_update(event.ref for event in events)
            self._measure()
            self._changed.notify_all()
        for event, outcome in processed.settled:
            for listener in self._settled:
                listener(event, outcome)
        loop = asyncio.get_running_loop()
        for event in processed.again:
            loop.call_later(LOOK_AGAIN_S, lambda e=event: loop.create_task(self._offer_again(e)))

    async def _offer_again(self, event: Event) -> None:
        async with self._changed:
            if event.ref not in self._waiting:
                self._put(event)

    def _put(self, event: Event) -> None:
        self._waiting[event.ref] = event
        self._measure()
        self._changed.notify_all()

    def _measure(self) -> None:
        metrics.LAG.labels("folder").set(len(self._waiting))
        metrics.IN_FLIGHT.labels("events").set(len(self._under_way))
