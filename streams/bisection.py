"""Keeps an unknown fault to the one object that brings it about."""

import logging
from collections.abc import Sequence
from typing import Protocol

from shared.errors import Reason, Rejected, SeenitError
from shared.records import Event, Outcome
from streams.batches import Processed

log = logging.getLogger(__name__)

IN_A_ROW = 16
"""Objects given up with none indexed in between; after so many the fault is not theirs."""


class Stoppable(Protocol):
    """A pipeline, as far as this page knows it."""

    async def process(self, events: Sequence[Event]) -> Processed:
        """Settle a batch; may stop at one of its objects, and may be repeated."""

    async def give_up(self, event: Event, why: Rejected) -> Processed:
        """Reject one object."""


class Bisection:
    """Halves a batch that raised what nobody foresaw, until the object at fault stands alone.

    That one is rejected, with the exception's name; the others go their way.
    """

    def __init__(self, pipeline: Stoppable) -> None:
        self._pipeline = pipeline
        self._given_up = 0

    async def process(self, events: Sequence[Event]) -> Processed:
        """Settle a batch, whatever one of its objects does.

        Raises:
            Exception: the fault, once IN_A_ROW objects were given up for such and nothing was
                indexed: better to stop than to reject the world.
        """
        try:
            processed = await self._pipeline.process(events)
        except SeenitError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault of unknown kind is what this page is about
            if len(events) == 1:
                return await self._give_up(events[0], error)
        else:
            if any(each.outcome is Outcome.INDEXED for each in processed.settled):
                self._given_up = 0
            return processed
        middle = len(events) // 2
        first = await self.process(events[:middle])
        second = await self.process(events[middle:])
        return Processed(first.settled + second.settled, first.again + second.again)

    async def _give_up(self, event: Event, error: Exception) -> Processed:
        if self._given_up >= IN_A_ROW:
            raise error
        self._given_up += 1
        log.error("gave up %r of bucket %r", event.ref.key, event.ref.bucket, exc_info=error)
        detail = f"{type(error).__name__}: {error}"
        return await self._pipeline.give_up(event, Rejected(Reason.UNEXPECTED, detail))
