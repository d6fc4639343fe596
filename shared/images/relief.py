"""A small gray picture as steps from pixel to pixel, and places on it. Pure."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Place = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom lie outside."""

FLAT = 1
"""The largest step on a painted surface, compressed or not; photographs seldom are that even."""


@dataclass(frozen=True, slots=True)
class Relief:
    """A gray picture and its steps.

    Attributes:
        gray: int16, shape (height, width), 0 to 255.
        across: steps to the right neighbour, int16, shape (height, width - 1).
        down: steps to the neighbour below, int16, shape (height - 1, width).
        lively: how many pixels above and to the left of a corner differ from a neighbour, int32,
            shape (height + 1, width + 1).
    """

    gray: NDArray[np.int16]
    across: NDArray[np.int16]
    down: NDArray[np.int16]
    lively: NDArray[np.int32]

    @classmethod
    def of(cls, gray: NDArray[np.int16]) -> Self:
        """Measure a picture, int16 (height, width)."""
        height, width = gray.shape
        across, down = np.abs(np.diff(gray, axis=1)), np.abs(np.diff(gray, axis=0))
        differs = np.zeros((height, width), np.bool_)
        differs[:, :-1] = across > FLAT
        differs[:-1] |= down > FLAT
        lively = np.zeros((height + 1, width + 1), np.int32)
        np.cumsum(differs, axis=0, dtype=np.int32, out=lively[1:, 1:])
        np.cumsum(lively, axis=1, out=lively)
        return cls(gray, across, down, lively)

    def liveliness(self, place: Place) -> float:
        """Tell the share of a place's pixels that differ from a neighbour."""
        left, top, right, bottom = place
        table = self.lively
        count = table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left]
        return float(count) / area(place)

    def share(self, place: Place) -> float:
        """Tell how much of the picture a place takes."""
        return area(place) / self.gray.size


def area(place: Place) -> int:
    """Count a place's pixels."""
    left, top, right, bottom = place
    return (right - left) * (bottom - top)


def overlap(one: Place, other: Place) -> float:
    """Tell how much two places have in common, as a share of both together."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    return common / (area(one) + area(other) - common)
