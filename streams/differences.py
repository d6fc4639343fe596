"""What a listing and the catalog disagree on: a merge join of two ordered streams. No I/O."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from shared.records import ObjectRef, ObjectStat, StoredObject

T = TypeVar("T")


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

    Yields None for each object on which both agree, so that progress can be shown. Holds one row
    of each side.
    """
    there, held = await _next(listed), await _next(recorded)
    while there is not None or held is not None:
        if held is None or (there and there.ref.key_bytes < held.stat.ref.key_bytes):
            assert there is not None
            yield Difference(Kind.ADDED, there.ref, there)
            there = await _next(listed)
        elif there is None or held.stat.ref.key_bytes < there.ref.key_bytes:
            yield Difference(Kind.REMOVED, held.stat.ref, None)
            held = await _next(recorded)
        else:
            same = there.same_state(held.stat)
            yield None if same else Difference(Kind.CHANGED, there.ref, there)
            there, held = await _next(listed), await _next(recorded)


async def _next(stream: AsyncIterator[T]) -> T | None:
    return await anext(stream, None)
