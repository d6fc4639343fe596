"""Which objects count in a search, and how many those are."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which objects count in a search; empty means all. Every condition that is set must hold.

    Attributes:
        buckets: any of these.
        prefix: the key starts with this, byte for byte.
        user_keys: the user's own identifier is one of these, byte for byte.
        modified_after, modified_before: aware; modified at this moment or later; before this one.
        formats: the image's is any of these, by Pillow's names.
        min_width, min_height, max_width, max_height: the image's, in pixels as seen, inclusive.
    """

    buckets: tuple[str, ...] = ()
    prefix: str = ""
    user_keys: tuple[str, ...] = ()
    modified_after: datetime | None = None
    modified_before: datetime | None = None
    formats: tuple[str, ...] = ()
    min_width: int | None = None
    min_height: int | None = None
    max_width: int | None = None
    max_height: int | None = None

    def __bool__(self) -> bool:
        """Whether anything is filtered at all."""
        return self != _EVERYTHING

    def conditions(self) -> dict[str, object]:
        """Name what is set, with its value."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    def only(self, names: Collection[str]) -> "ObjectFilter":
        """Keep these of its conditions."""
        kept: dict[str, Any] = {k: value for k, value in self.conditions().items() if k in names}
        return ObjectFilter(**kept)

    def and_also(self, other: "ObjectFilter") -> "ObjectFilter":
        """Add the conditions of another filter."""
        both: dict[str, Any] = self.conditions() | other.conditions()
        return ObjectFilter(**both)


_EVERYTHING = ObjectFilter()


@dataclass(frozen=True, slots=True)
class Shares:
    """Which share of all images passes a filter, 0 to 1, by a sample.

    Attributes:
        images: how many there are, about.
        whole: passes all of its conditions.
        parts: its conditions in groups, each of which one list of names answers, and which share
            passes each group; the rarest first.
    """

    images: int
    whole: float
    parts: tuple[tuple[ObjectFilter, float], ...]
