"""An event on its way through the intake, with whoever waits for its outcome."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from shared.records import Event, ObjectRef
from streams.batches import Settled, merged

LOOK_AGAIN_S, LOOK_AGAIN_MOST_S = 0.25, 5.0
PATIENCE = 4  # looks at an object that keeps changing, before it counts as in motion

Done = Callable[[Settled], None]
"""Told once what became of an event."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A look at an object that is wanted, by all who are to be told of its outcome."""

    event: Event
    told: tuple[Done, ...] = ()

    def after(self, older: "Ask | None") -> "Ask":
        """Ask what both ask, for all who asked."""
        if older is None:
            return self
        return Ask(merged(older.event, self.event), older.told + self.told)

    def telling(self, done: Done) -> "Ask":
        """Ask the same, for one more."""
        return Ask(self.event, (*self.told, done))


class Resting:
    """Objects that were changing when looked at; they are looked at again in a moment.

    The more often that was so, the longer the moment.
    """

    def __init__(self, again: Callable[[Ask], None]) -> None:
        self._again = again
        self._asks: dict[ObjectRef, tuple[Ask, asyncio.TimerHandle]] = {}
        self._looks: Counter[ObjectRef] = Counter()

    def rest(self, ask: Ask) -> None:
        """Ask again in a moment."""
        ref = ask.event.ref
        self._looks[ref] += 1
        doublings = max(0, self._looks[ref] - PATIENCE)
        delay = min(LOOK_AGAIN_S * 2.0 ** min(doublings, 16), LOOK_AGAIN_MOST_S)
        timer = asyncio.get_running_loop().call_later(delay, self._rested, ref)
        self._asks[ref] = (ask, timer)

    def wake(self, ref: ObjectRef) -> Ask | None:
        """Give back what rests of an object, if any."""
        ask, timer = self._asks.pop(ref, (None, None))
        if timer is not None:
            timer.cancel()
        return ask

    def changed_anew(self, ref: ObjectRef) -> None:
        """It may come to rest soon."""
        if ref in self._looks:
            self._looks[ref] = min(self._looks[ref], PATIENCE)

    def settled(self, ref: ObjectRef) -> None:
        """It came to rest."""
        self._looks.pop(ref, None)

    def in_motion(self, ref: ObjectRef) -> bool:
        """Whether it rests, and keeps changing so that it may do so for ever."""
        return ref in self._asks and self._looks[ref] >= PATIENCE

    def telling(self, done: Done) -> list[ObjectRef]:
        """Tell one more of what becomes of those that rest now; names them."""
        self._asks = {ref: (ask.telling(done), timer) for ref, (ask, timer) in self._asks.items()}
        return list(self._asks)

    def _rested(self, ref: ObjectRef) -> None:
        if ask := self.wake(ref):
            self._again(ask)
