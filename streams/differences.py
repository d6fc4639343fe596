"""What a listing and the catalog disagree on. No I/O."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum

from shared.records import ObjectRef, ObjectStat, StoredObject
from streams.joining import side_by_side


class Kind(StrEnum):
    """How an object differs."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Difference:
    """One object that the listing and the catalog disagree on.

    Attributes:
        stat: the listing's word; None where the object is gone.
    """

    kind: Kind
    ref: ObjectRef
    stat: ObjectStat | None


async def differences(
    listed: AsyncIterator[ObjectStat], recorded: AsyncIterator[StoredObject]
) -> AsyncIterator[Difference | None]:
    """Walk one bucket's listing beside its catalog rows, both in the byte order of their keys.

    Yields None for each object on which both agree, so that they can be counted.
    """
    async for pair in side_by_side(listed, recorded, _key_listed, _key_recorded):
        match pair:
            case (there, None):
                yield Difference(Kind.ADDED, there.ref, there)
            case (None, held):
                yield Difference(Kind.REMOVED, held.stat.ref, None)
            case (there, held):
                same = there.same_state(held.stat)
                yield None if same else Difference(Kind.CHANGED, there.ref, there)


def _key_listed(stat: ObjectStat) -> bytes:
    return stat.ref.key_bytes


def _key_recorded(row: StoredObject) -> bytes:
    return row.stat.ref.key_bytes
