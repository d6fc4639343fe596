"""Finding the rows of many names at a time."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.names import held, marks_of

_TAIL = 16_384
"""Rows that are looked through one by one before all are sorted anew."""


class MarkedRows:
    """Tells the rows of names; rows are only ever added. Not thread-safe.

    To look up each name for itself takes a microsecond, most of it waiting for memory. Here names
    and rows are in one order, that of their marks.
    """

    def __init__(self) -> None:
        self._marks = np.zeros(0, np.uint64)
        self._sorted = np.zeros(0, np.uint64)
        self._rows = np.zeros(0, np.intp)

    def rows_of(self, names: Iterable[str], image_ids: Sequence[str]) -> NDArray[np.intp]:
        """Give the rows of these names, in no order, some of them twice.

        Args:
            names: of images.
            image_ids: the image of each row, those that were there before and new ones.
        """
        self._add(image_ids[len(self._marks) :])
        wanted = np.sort(marks_of(names))
        starts = np.searchsorted(self._sorted, wanted)
        counts = np.searchsorted(self._sorted, wanted, side="right") - starts
        firsts = np.cumsum(counts) - counts
        places = np.repeat(starts - firsts, counts) + np.arange(counts.sum())
        tail = held(self._marks[len(self._sorted) :], wanted).nonzero()[0] + len(self._sorted)
        return np.append(self._rows[places], tail)

    def _add(self, image_ids: Sequence[str]) -> None:
        if image_ids:
            self._marks = np.append(self._marks, marks_of(image_ids))
        if len(self._marks) > len(self._sorted) + _TAIL:
            self._rows = np.argsort(self._marks)
            self._sorted = self._marks[self._rows]
