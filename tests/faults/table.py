"""The table of cases, with what was observed; printed at the end of the tests."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass
class Observed:
    """What was seen of one case.

    Attributes:
        row: the number of the fault in the list of what must hold.
        fault: in words.
        objects: how many there were at the end.
        lost, wrong: objects that are not found, and rows or vectors that should not be.
        rejected: objects that were rejected, as they had to be.
        seconds: from when the broken part was healthy again until all was as it has to be.
        repeats: pieces of work done more than once; None where that is not counted.
        note: what else was seen.
    """

    row: int
    fault: str
    objects: int = 0
    lost: int = 0
    wrong: int = 0
    rejected: int = 0
    seconds: float | None = None
    repeats: int | None = None
    note: str = ""

    title: ClassVar = "faults, and what was observed"
    head: ClassVar = ["row", "objects", "lost", "wrong", "rejected", "seconds", "repeated", "fault"]

    def cells(self) -> tuple[str, ...]:
        """Set the line; see `tests.observations.Row`."""
        seconds = "" if self.seconds is None else f"{self.seconds:.1f}"
        repeats = "" if self.repeats is None else str(self.repeats)
        fault = f"{self.fault}: {self.note}" if self.note else self.fault
        counts = (self.row, self.objects, self.lost, self.wrong, self.rejected)
        return (*map(str, counts), seconds, repeats, fault)
