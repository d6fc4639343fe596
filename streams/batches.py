"""What one batch knows of itself while it goes through the pipeline. No I/O."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from shared.errors import Rejected
from shared.records import (
    Change,
    Event,
    ImageFacts,
    IndexedObject,
    ObjectBytes,
    ObjectRef,
    ObjectStat,
    Outcome,
    RejectedObject,
    RemovedObject,
    StoredObject,
)

PORTION_BYTES = 64 * 2**20
"""How many bytes of objects one batch holds in memory at a time."""


@dataclass(frozen=True, slots=True)
class Settled:
    """An event of which nothing more is to be done, as its outcome is written.

    Attributes:
        rejection: why, where the object is rejected, be it now or by what the catalog holds.
    """

    event: Event
    outcome: Outcome
    rejection: Rejected | None = None


@dataclass(frozen=True, slots=True)
class Processed:
    """What became of a batch: every event is in exactly one of the two.

    Attributes:
        settled: nothing more is to be done for these.
        again: events whose object is changing right now; to be offered again in a moment.
    """

    settled: list[Settled]
    again: list[Event]


@dataclass(slots=True)
class Batch:
    """The events of a batch, and what became of them so far.

    Attributes:
        settled, again: as in `Processed`.
        changes: to be recorded in the catalog, each with what is settled by that.
    """

    settled: list[Settled] = field(default_factory=list)
    again: list[Event] = field(default_factory=list)
    changes: list[tuple[Settled, Change]] = field(default_factory=list)

    def keep(self, event: Event, known: StoredObject) -> None:
        """The catalog holds this very state already."""
        rejection = Rejected(known.reason, known.detail or "") if known.reason else None
        self.settled.append(Settled(event, Outcome.UNCHANGED, rejection))

    def remove(self, event: Event) -> None:
        """The object is gone."""
        self.changes.append((Settled(event, Outcome.REMOVED), RemovedObject(event.ref)))

    def reject(self, event: Event, stat: ObjectStat, why: Rejected) -> None:
        """The object, as it is, can never be indexed."""
        detail = why.detail[:500].encode("utf-8", "replace").decode()  # any database can hold it
        settled = Settled(event, Outcome.REJECTED, Rejected(why.reason, detail))
        self.changes.append((settled, RejectedObject(stat, why.reason, detail)))

    def index(self, event: Event, found: ObjectBytes, outcome: Outcome) -> None:
        """The object holds a picture that is, or is about to be, in the index."""
        row = IndexedObject(found.stat, found.image_id)
        self.changes.append((Settled(event, outcome), row))


@dataclass(frozen=True, slots=True)
class Look:
    """An object that may differ from what the catalog holds, and is to be read.

    Attributes:
        stat: its state before it is read; None where reading it is the first look.
    """

    event: Event
    stat: ObjectStat | None = None

    @property
    def size(self) -> int:
        """How many bytes to expect."""
        return self.stat.size if self.stat else self.event.size or 0


@dataclass(frozen=True, slots=True)
class Found:
    """An object that was read."""

    event: Event
    object: ObjectBytes


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture not seen before, decoded, with every object of the batch that holds it.

    Attributes:
        pixels: RGB, uint8, shape (224, 224, 3).
    """

    facts: ImageFacts
    pixels: NDArray[np.uint8]
    holders: tuple[Found, ...]


def newest(events: Iterable[Event]) -> list[Event]:
    """Keep the newest event of each object; the older ones ask the same question."""
    latest: dict[ObjectRef, Event] = {}
    for event in events:
        latest[event.ref] = merged(latest.get(event.ref), event)
    return list(latest.values())


def merged(older: Event | None, newer: Event) -> Event:
    """Ask what two events of an object ask."""
    return replace(newer, again=True) if older and older.again else newer


def is_unchanged(event: Event, stat: ObjectStat, known: StoredObject) -> bool:
    """Whether the catalog already holds this very state of the object."""
    if event.again:
        return False
    return stat.same_state(known.stat) and stat.user_key == known.stat.user_key


def portions(looks: Sequence[Look], limit: int = PORTION_BYTES) -> Iterator[list[Look]]:
    """Cut a batch so that no part holds more than `limit` bytes, or one object."""
    part: list[Look] = []
    size = 0
    for look in looks:
        if part and size + look.size > limit:
            yield part
            part, size = [], 0
        part.append(look)
        size += look.size
    if part:
        yield part


def by_image(found: Iterable[Found]) -> dict[str, tuple[Found, ...]]:
    """Group objects that hold the same bytes."""
    groups: dict[str, tuple[Found, ...]] = {}
    for each in found:
        image_id = each.object.image_id
        groups[image_id] = (*groups.get(image_id, ()), each)
    return groups
