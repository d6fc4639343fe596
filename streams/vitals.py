"""How the worker gets on, and whether it does at all. No I/O."""

from collections.abc import Callable
from typing import Any, Protocol

from shared import metrics
from shared.errors import SeenitError
from streams.batches import Settled
from streams.lag import Lag
from streams.progress import Progress

LONGEST_LOOK_S = 5.0  # so that a process that was halted for long is not thought to be stuck
GIVE_UP = 3  # stalls in a row, after which the process had better be started anew
STARVED_S = 20.0


class Stalled(SeenitError):  # noqa: N818 - names a state, as its message does
    """Events wait, all parts answer, and yet nothing is settled."""


class Delivering(Protocol):
    """A delivery, as far as this page knows it."""

    joined: bool

    @property
    def partitions(self) -> list[int]:
        """Which partitions are this worker's."""

    @property
    def in_flight(self) -> int:
        """How many messages are taken up and not acknowledged."""

    def position(self, partition: int) -> int | None:
        """Tell the first offset not acknowledged; None where nothing was taken up yet."""


class Vitals:
    """Looks at the worker now and then, and remembers what it saw.

    Attributes:
        stalled_s: for how long events wait and none is settled, for no known reason.
        kafka: what is wrong with it; empty where it answers.
        remade: the topic held less at the last look than was consumed before: it is another one.
        starved: events wait, and for STARVED_S none was even taken up, though nothing is under way.
    """

    def __init__(
        self, delivery: Delivering, waited_for: Callable[[], list[str]], *, stall_s: float
    ) -> None:
        self._delivery = delivery
        self._waited_for = waited_for
        self._stall_s = stall_s
        self._progress = Progress()
        self._progress.begin(0)
        self._seen = 0
        self._lags: dict[int, int] = {}
        self._positions: dict[int, int] = {}
        self.remade = self.starved = False
        self.stalled_s = 0.0
        self.kafka = ""
        self._starved_s = 0.0

    def settled(self, _: Settled) -> None:
        """One more event is settled."""
        self._progress.advance()

    def look(self, lag: Lag, elapsed_s: float) -> None:
        """See how far behind this worker's partitions are, and whether anything was settled.

        Args:
            lag: of the whole group.
            elapsed_s: since the last look.

        Raises:
            Stalled: it has been so for long.
        """
        self.kafka = ""
        metrics.ANSWERING.labels("kafka").set(1)
        mine = set(self._delivery.partitions)
        consumed, self._positions, self._lags = self._positions, {}, {}
        self.remade = any(told.end < consumed.get(told.partition, 0) for told in lag.partitions)
        for told in lag.partitions:
            if told.partition in mine:
                position = self._delivery.position(told.partition)
                if position is not None:
                    self._positions[told.partition] = position
                left = told.lag if position is None else max(0, told.end - position)
                self._lags[told.partition] = left
        metrics.LAG.clear()  # of partitions that are others' by now
        for partition, left in self._lags.items():
            metrics.LAG.labels(str(partition)).set(left)
        self._judge(consumed, min(elapsed_s, LONGEST_LOOK_S))
        if self.stalled_s > GIVE_UP * self._stall_s:
            raise Stalled(f"{self.lag:,} events wait and nothing moves; stopping to start anew")

    def _judge(self, consumed: dict[int, int], elapsed_s: float) -> None:
        """Note for how long nothing has moved, though something should."""
        settled, self._seen = self._progress.done - self._seen, self._progress.done
        moved = settled or any(
            position > consumed.get(number, position)
            for number, position in self._positions.items()
        )  # others' events are passed by without being settled
        waits = self.lag > 0 or not self._delivery.joined
        stuck = waits and not moved and not self._waited_for()
        self.stalled_s = self.stalled_s + elapsed_s if stuck else 0.0
        starves = stuck and self._delivery.joined and not self._delivery.in_flight
        self._starved_s = self._starved_s % STARVED_S + elapsed_s if starves else 0.0
        self.starved = self._starved_s >= STARVED_S

    def cannot_look(self, why: str) -> None:
        """Kafka did not answer, or lacks the topic."""
        self.kafka = why
        metrics.ANSWERING.labels("kafka").set(0)
        metrics.LAG.clear()  # what is not known is not told
        self.stalled_s = 0.0

    @property
    def lag(self) -> int:
        """How many events of this worker's partitions wait or are under way."""
        return sum(self._lags.values())

    @property
    def alive(self) -> bool:
        """Whether starting anew would be no better."""
        return self.stalled_s <= self._stall_s

    @property
    def waiting_for(self) -> list[str]:
        """Name the parts that do not answer, as far as is known."""
        away = self.kafka or not self._delivery.joined
        return sorted({*self._waited_for(), *(["kafka"] if away else [])})

    def report(self) -> dict[str, Any]:
        """Say it all at once, for whoever shows it."""
        rate = self._progress.rate
        return {
            "partitions": [
                {
                    "partition": partition,
                    "lag": left,
                    "position": self._delivery.position(partition),
                }
                for partition, left in sorted(self._lags.items())
            ],
            "lag": self.lag,
            "rate": rate,
            "eta_s": self.lag / rate if rate > 0 else None,
            "in_flight": self._delivery.in_flight,
            "settled": self._progress.done,
            "waiting_for": self.waiting_for,
            "stalled_s": self.stalled_s,
        }
