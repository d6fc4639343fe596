"""Counts cosines by the million in little memory. Pure."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_BINS = 4000
"""Of a two-thousandth each."""


@dataclass(slots=True)
class Cosines:
    """A histogram of cosines; tells quantiles to half a thousandth, and the extremes exactly."""

    _counts: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(_BINS, np.int64), init=False
    )
    _least: float = field(default=1.0, init=False)
    _most: float = field(default=-1.0, init=False)

    def add(self, cosines: NDArray[np.float32]) -> None:
        """Count some, of any shape, at least one."""
        bins = ((cosines.ravel() + 1) * (_BINS / 2)).astype(np.int64).clip(0, _BINS - 1)
        self._counts += np.bincount(bins, minlength=_BINS)
        self._least = min(self._least, float(cosines.min()))
        self._most = max(self._most, float(cosines.max()))

    @property
    def total(self) -> int:
        """How many were counted."""
        return int(self._counts.sum())

    def at_least(self, cosine: float) -> float:
        """Tell the share of them that reaches `cosine`, to half a thousandth."""
        first = max(0, round((cosine + 1) * (_BINS / 2)))
        return int(self._counts[first:].sum()) / self.total if cosine <= self._most else 0.0

    def quantile(self, share: float) -> float:
        """Tell the cosine that this share of them does not exceed."""
        if share <= 0:
            return self._least
        if share >= 1:
            return self._most
        wanted = share * self.total
        at = int(np.searchsorted(np.cumsum(self._counts), wanted))
        middle = (at + 0.5) * (2 / _BINS) - 1
        return min(max(middle, self._least), self._most)
