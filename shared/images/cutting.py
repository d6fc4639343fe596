"""Cuts a screen along blank rows and columns until nothing is left to cut, as one reads a page.

The recursive X-Y cut of document analysis, on steps instead of ink. Pure.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from shared.images.relief import Place, Relief

_STEP = 5
"""Steps above this are something; below lie gradients and what compression leaves of a surface."""

_DRIFT = 8
"""A blank line ends about where it began; a soft sky does not."""

_GAP = 3
"""Blank lines side by side that part two pieces."""

_LEAST = 16
"""Pixels of a side of the smallest piece."""

_DEPTH = 10


def pieces(relief: Relief) -> list[Place]:
    """Find what blank lines surround, on all sides or up to the picture's border."""
    return list(_Cutter(relief).cut(0, 0, relief.gray.shape[1], relief.gray.shape[0], _DEPTH))


class _Cutter:
    def __init__(self, relief: Relief) -> None:
        self._gray = relief.gray
        self._across = np.cumsum(np.pad(relief.across > _STEP, ((0, 0), (1, 0))), 1, np.int32)
        self._down = np.cumsum(np.pad(relief.down > _STEP, ((1, 0), (0, 0))), 0, np.int32)

    def cut(self, left: int, top: int, right: int, bottom: int, depth: int) -> Iterator[Place]:
        """Trim, then part at the widest gap; what cannot be parted is a piece."""
        if depth == 0 or min(right - left, bottom - top) < _LEAST:
            return
        rows = _solid(self._blank_rows(left, top, right, bottom))
        columns = _solid(self._blank_columns(left, top, right, bottom))
        if not rows or not columns:
            return
        if len(rows) == len(columns) == 1:
            (above, below), (before, behind) = rows[0], columns[0]
            trimmed = left + before, top + above, left + behind, top + below
            if trimmed == (left, top, right, bottom):
                yield trimmed
            else:
                yield from self.cut(*trimmed, depth - 1)
        elif _widest_gap(rows) >= _widest_gap(columns):
            for above, below in rows:
                yield from self.cut(left, top + above, right, top + below, depth - 1)
        else:
            for before, behind in columns:
                yield from self.cut(left + before, top, left + behind, bottom, depth - 1)

    def _blank_rows(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
        steps = self._across[top:bottom, right - 1] - self._across[top:bottom, left]
        drift = np.abs(self._gray[top:bottom, right - 1] - self._gray[top:bottom, left])
        return _blank(steps, drift, right - left)

    def _blank_columns(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.bool_]:
        steps = self._down[bottom - 1, left:right] - self._down[top, left:right]
        drift = np.abs(self._gray[bottom - 1, left:right] - self._gray[top, left:right])
        return _blank(steps, drift, bottom - top)


def _blank(steps: NDArray[np.int32], drift: NDArray[np.int16], length: int) -> NDArray[np.bool_]:
    """Tell which lines are one colour or a slow gradient, specks aside."""
    return np.logical_and(steps <= length // 100, drift <= _DRIFT)


def _solid(blank: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Find the stretches [first, behind the last) that are not blank; small gaps part nothing."""
    changes = np.flatnonzero(np.diff(blank.astype(np.int8), prepend=1, append=1)).tolist()
    found: list[tuple[int, int]] = []
    for first, behind in zip(changes[::2], changes[1::2], strict=True):
        if found and first - found[-1][1] < _GAP:
            found[-1] = found[-1][0], behind
        else:
            found.append((first, behind))
    return found


def _widest_gap(stretches: list[tuple[int, int]]) -> int:
    gaps = [later[0] - earlier[1] for earlier, later in pairwise(stretches)]
    return max(gaps, default=0)
