"""Messages to events and back: taken up, settled, and acknowledged in order. Knows no Faust.

A message is acknowledged once all it told of is settled, what could not be indexed is among the
dead letters, and all messages of its partition before it are acknowledged too.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from contextlib import suppress
from typing import Protocol

from shared import metrics
from shared.records import Event, ObjectRef
from streams.asking import Done
from streams.batches import Settled
from streams.dead_letters import DeadLetter
from streams.lanes import Lane, Message
from streams.notifications import Kind, Reading, read

log = logging.getLogger(__name__)

MALFORMED = "malformed"
MOST_BYTES = 32 * 2**20  # of messages taken up and not acknowledged


class Letters(Protocol):
    """Where dead letters go."""

    def write(self, letter: DeadLetter, written: Callable[[], None]) -> None:
        """Have a letter written; `written` is called once it is."""


class Delivery:
    """Takes up messages of the assigned partitions, so many at a time. For one event loop.

    Attributes:
        joined: partitions were assigned, be they none, and have not been revoked since.
    """

    def __init__(
        self,
        offer: Callable[[Event, Done], Awaitable[None]],
        letters: Letters,
        *,
        buckets: Collection[str],
        in_flight: int,
    ) -> None:
        self._offer = offer
        self._letters = letters
        self._buckets = frozenset(buckets)
        self._in_flight = in_flight
        self._lanes: dict[int, Lane] = {}
        self._changed = asyncio.Event()
        metrics.REJECTIONS.labels(MALFORMED)  # told from the start, as the other reasons are
        self.joined = False

    def assigned(self, partitions: Iterable[int], generation: int) -> None:
        """These partitions, and no others, are this worker's from now on."""
        self._close(self._lanes)
        self._lanes = {partition: Lane(generation) for partition in partitions}
        self.joined = True
        self._tell()

    def left(self) -> None:
        """The worker is no longer one of those who share the partitions."""
        self._close(self._lanes)
        self.joined = False

    async def revoked(self, partitions: Iterable[int], within_s: float) -> bool:
        """Take up no more of these partitions and finish what is under way.

        Returns whether that was done within so many seconds; what was not is never acknowledged,
        and comes again to whoever has the partition next.
        """
        lanes = {number: self._lanes[number] for number in partitions if number in self._lanes}
        for lane in lanes.values():
            lane.taking = False
        self.joined = False
        self._tell()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._until(lambda: not any(lane.in_flight for lane in lanes.values()))
        finished = not any(lane.in_flight for lane in lanes.values())
        self._close(lanes)
        return finished

    async def take(self, message: Message) -> None:
        """Take up a message; waits while too much is under way.

        One that is not to be settled here is left alone: it was taken up already, or its partition
        is, or will be, another worker's.
        """
        await self._until(lambda: not self._is_full() or self._lane_of(message) is None)
        lane = self._lane_of(message)
        if lane is None or not lane.take(message):
            log.debug("left alone: %d of partition %d", message.offset, message.partition)
            return
        reading = read(message.value, self._buckets)
        for kind in reading.kinds:
            metrics.EVENTS.labels(kind).inc()
        await self._deliver(message, reading, lane)
        self._tell()

    @property
    def partitions(self) -> list[int]:
        """Which partitions are this worker's."""
        return sorted(self._lanes)

    @property
    def in_flight(self) -> int:
        """How many messages are taken up and not acknowledged."""
        return sum(lane.in_flight for lane in self._lanes.values())

    def position(self, partition: int) -> int | None:
        """Tell the first offset not acknowledged; None where nothing was taken up yet."""
        lane = self._lanes.get(partition)
        return lane.position if lane else None

    async def _deliver(self, message: Message, reading: Reading, lane: Lane) -> None:
        left = len(reading.events) + 1

        def one_done() -> None:
            nonlocal left
            left -= 1
            if not left:
                self._done(message, lane)

        def settled(settled: Settled) -> None:
            why = settled.rejection
            if why is None or Kind.COMPARED in reading.kinds:  # that has a row, and no sender
                one_done()
                return
            letter = _letter(message, why.reason, why.detail, settled.event.ref)
            self._letters.write(letter, one_done)

        for event in reading.events:
            await self._offer(event, settled)
        if reading.malformed is None:
            one_done()
        else:
            metrics.REJECTIONS.labels(MALFORMED).inc()
            self._letters.write(_letter(message, MALFORMED, reading.malformed), one_done)

    def _done(self, message: Message, lane: Lane) -> None:
        lane.done(message)
        self._tell()

    def _close(self, lanes: dict[int, Lane]) -> None:
        for number, lane in [*lanes.items()]:
            lane.close()
            if self._lanes.get(number) is lane:
                del self._lanes[number]
        self._tell()

    def _lane_of(self, message: Message) -> Lane | None:
        lane = self._lanes.get(message.partition)
        current = lane is not None and lane.taking and lane.generation == message.generation
        return lane if current else None

    def _is_full(self) -> bool:
        size = sum(lane.size for lane in self._lanes.values())
        return self.in_flight >= self._in_flight or size >= MOST_BYTES

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._changed.clear()
            await self._changed.wait()

    def _tell(self) -> None:
        metrics.IN_FLIGHT.labels("messages").set(self.in_flight)
        self._changed.set()


def _letter(message: Message, reason: str, detail: str, ref: ObjectRef | None = None) -> DeadLetter:
    about = {
        "reason": str(reason),
        "detail": detail,
        "topic": message.topic,
        "partition": str(message.partition),
        "offset": str(message.offset),
    }
    if ref is not None:
        about |= {"bucket": ref.bucket, "key": ref.key}
    return DeadLetter(message.key, message.value, about)
