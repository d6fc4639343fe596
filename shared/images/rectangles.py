"""Finds rectangles whose four sides are long straight edges, with calm outside them. Pure."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from shared.images.relief import Place, Relief

_STEP = 8
"""Steps above this are an edge."""

_LINES = 12
"""Lines each way that are tried: all pairs of pairs of them are."""

_BEYOND = 3
"""Pixels outside a side at which there should be no such edge: else it is texture, no side."""

_LEAST_SIDE, _LEAST_PIXELS = 0.1, 16
"""Of a rectangle's sides, as a share of the picture's and in pixels."""

Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Straight edges one way, told in the words of vertical ones.

    Attributes:
        places: where they stand, the picture's own sides among them.
        edges: how many edge pixels stand above a row at a place, int32 (height + 1, width + 1).
    """

    places: NDArray[np.int64]
    edges: NDArray[np.int32]

    @classmethod
    def of(cls, steps: NDArray[np.int16]) -> Self:
        """Find the columns with the longest unbroken edges; `steps` has shape (height, width-1)."""
        height, width = steps.shape[0], steps.shape[1] + 1
        edges = np.zeros((height + 1, width + 1), np.int32)
        np.cumsum(steps > _STEP, axis=0, dtype=np.int32, out=edges[1:, 1:-1])
        window = max(8, height // 16)
        long = (edges[window:] - edges[:-window] >= 0.85 * window).sum(0)
        places = [0, width]
        for _ in range(_LINES):
            best = int(long.argmax())
            if long[best] <= 0:
                break
            places.append(best)
            long[max(0, best - 2) : best + 3] = 0  # the same edge, blurred
        return cls(np.array(sorted(places)), edges)

    def spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Pair the lines: where the first and the second of each pair stand."""
        first, second = np.triu_indices(len(self.places), 1)
        start, end = self.places[first], self.places[second]
        far = end - start >= max(_LEAST_PIXELS, _LEAST_SIDE * (self.edges.shape[1] - 1))
        return start[far], end[far]


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of many rectangles, (spans down, spans across) each.

    Attributes:
        real: not the picture's own border.
        kept: the share of it that is an edge.
        clear: by how much that share falls just outside.
    """

    real: NDArray[np.bool_]
    kept: Table
    clear: Table

    @classmethod
    def of(
        cls,
        lines: _Lines,
        places: NDArray[np.int64],
        outward: int,
        start: NDArray[np.int64],
        end: NDArray[np.int64],
    ) -> Self:
        """Measure sides at `places` (n), each from every `start` to its `end` (m): (m, n)."""
        border = lines.edges.shape[1] - 1
        outside = places + outward
        length = (end - start)[:, None].astype(np.float32)

        def share(at: NDArray[np.int64]) -> Table:
            counted = lines.edges[end][:, at] - lines.edges[start][:, at]
            shares: Table = np.divide(counted, length, dtype=np.float32)
            return shares

        kept = share(places)
        inside = (outside > 0) & (outside < border)
        beyond = share(outside.clip(0, border)) * inside.astype(np.float32)
        real = np.broadcast_to((places > 0) & (places < border), kept.shape)
        return cls(real, kept, kept - beyond)

    @property
    def turned(self) -> "_Side":
        """The same with its axes changed."""
        return _Side(self.real.T, self.kept.T, self.clear.T)


def edged(relief: Relief) -> list[tuple[Place, float]]:
    """Find rectangles and how well their sides show, 0 to 1; many may overlap."""
    upright, level = _Lines.of(relief.across), _Lines.of(relief.down.T)
    left, right = upright.spans()
    top, bottom = level.spans()
    if not len(left) or not len(top):
        return []
    sides = (
        _Side.of(upright, left, -_BEYOND, top, bottom),
        _Side.of(upright, right, _BEYOND, top, bottom),
        _Side.of(level, top, -_BEYOND, left, right).turned,
        _Side.of(level, bottom, _BEYOND, left, right).turned,
    )
    quality = _quality(sides)
    return [
        ((int(left[j]), int(top[i]), int(right[j]), int(bottom[i])), float(quality[i, j]))
        for i, j in np.argwhere(quality > 0)
    ]


def _quality(sides: tuple[_Side, ...]) -> Table:
    """Judge rectangles by the sides they have; 0 for what is none, or the whole picture."""
    real = np.stack([side.real for side in sides])
    kept = np.stack([side.kept for side in sides])
    clear = np.stack([side.clear for side in sides])
    count = np.maximum(real.sum(0), 1)
    mean_kept = np.where(real, kept, 0).sum(0) / count
    mean_clear = np.where(real, clear, 0).sum(0) / count
    shows = (
        real.any(0)
        & (np.where(real, kept, 1).min(0) >= 0.5)
        & (np.where(real, clear, 1).min(0) >= 0.15)
        & (mean_kept >= 0.8)
        & (mean_clear >= 0.45)
    )
    quality: Table = np.where(shows, mean_kept * mean_clear, 0)
    return quality
