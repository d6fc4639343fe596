"""What an intake feeds."""

import asyncio
from collections import Counter

from shared.errors import Rejected
from shared.records import Event, ObjectRef, Outcome
from streams.batches import Processed, Settled


class FakeProcessor:
    """What an intake feeds; notes its batches. Shut `gate` holds them back.

    `changing` says how many times more an object is found changing; `poison` raises `ValueError`.
    """

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.finished = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.changing: Counter[ObjectRef] = Counter()
        self.poison: set[ObjectRef] = set()
        self.given_up: list[tuple[Event, Rejected]] = []

    async def process(self, events):
        self.batches.append(list(events))
        await self.gate.wait()
        if any(event.ref in self.poison for event in events):
            raise ValueError("poison")
        again = [event for event in events if self.changing[event.ref] > 0]
        self.changing.subtract(event.ref for event in again)
        settled = [Settled(event, Outcome.INDEXED) for event in events if event not in again]
        self.finished += len(settled)
        return Processed(settled, again)

    async def give_up(self, event, why):
        self.given_up.append((event, why))
        return Processed([Settled(event, Outcome.REJECTED, why)], [])

    @property
    def seen(self) -> list[ObjectRef]:
        return [event.ref for batch in self.batches for event in batch]
