"""Stops before the world is rejected: when almost all that is read is bad, something else is."""

from collections import deque

from shared.errors import SeenitError
from shared.records import Outcome
from streams.batches import Settled

LAST = 200  # objects read
READ = frozenset({Outcome.INDEXED, Outcome.DUPLICATE, Outcome.REJECTED})


class TooManyRejections(SeenitError):  # noqa: N818 - names what was found, not a fault
    """More of the last objects were rejected than the limit allows; what is left is kept."""

    def __init__(self, rejected: int, limit: float) -> None:
        super().__init__(
            f"stopped: {rejected} of the last {LAST} objects read were rejected, more than "
            f"SEENIT_REJECTION_LIMIT={limit:g} allows; what was not settled is kept. See `seenit "
            "rejections list`; if the objects are as bad as that, set the limit to 1"
        )


class Breaker:
    """Counts what became of the last objects that were read."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._last: deque[bool] = deque(maxlen=LAST)

    def count(self, settled: Settled) -> None:
        """Count one object, if it was read.

        Raises:
            TooManyRejections: the limit is passed.
        """
        if settled.outcome not in READ:
            return
        self._last.append(settled.outcome is Outcome.REJECTED)
        rejected = sum(self._last)
        if len(self._last) == LAST and rejected > self._limit * LAST:
            raise TooManyRejections(rejected, self._limit)
