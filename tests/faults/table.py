"""The table of cases, with what was observed; printed at the end of the tests."""

from dataclasses import dataclass

import pytest


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


SEEN = pytest.StashKey[list[Observed]]()

HEAD = ("row", "objects", "lost", "wrong", "rejected", "seconds", "repeated", "fault")


def lines(seen: list[Observed]) -> list[str]:
    """Set the table, in the order of its rows."""

    def cells(one: Observed) -> tuple[str, ...]:
        seconds = "" if one.seconds is None else f"{one.seconds:.1f}"
        repeats = "" if one.repeats is None else str(one.repeats)
        fault = f"{one.fault}: {one.note}" if one.note else one.fault
        counts = (one.row, one.objects, one.lost, one.wrong, one.rejected)
        return (*map(str, counts), seconds, repeats, fault)

    rows = [HEAD, *map(cells, sorted(seen, key=lambda one: one.row))]
    widths = [max(len(row[n]) for row in rows) for n in range(len(HEAD) - 1)]
    return [
        "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]
