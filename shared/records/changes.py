"""What happens to an object: a hint that it changed, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from shared.errors import Reason
from shared.records.objects import ObjectRef, ObjectStat


@dataclass(frozen=True, slots=True)
class Event:
    """A hint to look at one object again; what is then found decides, not the event.

    Attributes:
        etag, size: the object's, where the messenger knew them; spares the store a question.
        seen_at: `time.time()` when the change became known; freshness counts from here.
        again: look even if the catalog already holds this very state (a retry of a rejection).
    """

    ref: ObjectRef
    seen_at: float
    etag: str | None = None
    size: int | None = None
    again: bool = False


class Outcome(StrEnum):
    """What became of an event."""

    INDEXED = "indexed"
    DUPLICATE = "duplicate"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class IndexedObject:
    """To be recorded: this object holds this image."""

    stat: ObjectStat
    image_id: str

    @property
    def ref(self) -> ObjectRef:
        """Which object."""
        return self.stat.ref


@dataclass(frozen=True, slots=True)
class RejectedObject:
    """To be recorded: this object, as it is, can never be indexed."""

    stat: ObjectStat
    reason: Reason
    detail: str

    @property
    def ref(self) -> ObjectRef:
        """Which object."""
        return self.stat.ref


@dataclass(frozen=True, slots=True)
class RemovedObject:
    """To be recorded: this object is no longer in the store."""

    ref: ObjectRef


Change = IndexedObject | RejectedObject | RemovedObject
"""What became of an object, to be recorded in the catalog."""
