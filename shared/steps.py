"""What setting up did, part by part."""

from dataclasses import dataclass
from enum import StrEnum


class Did(StrEnum):
    """How a step of setting up came out."""

    MADE = "made"
    CHANGED = "changed"
    FOUND = "was there"
    SKIPPED = "not done"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of setting up.

    Attributes:
        part: the kind of thing, such as `topic`.
        name: which one.
        detail: what a person may want to know of it; for what was not done, why and what to do.
    """

    part: str
    name: str
    did: Did
    detail: str = ""
