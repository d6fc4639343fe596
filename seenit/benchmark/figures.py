"""What is told of a benchmark of searches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds of single requests; medians over the rounds."""

    p50: float
    p99: float

    @classmethod
    def of(cls, rounds: Sequence[Sequence[float]]) -> Self:
        """Summarise each round's seconds."""
        percentiles = np.array([np.percentile(seconds, (50, 99)) for seconds in rounds])
        return cls(*np.median(percentiles, axis=0).tolist())


@dataclass(frozen=True, slots=True)
class Filtered:
    """Known images by their name, with a filter, against the same without one, by p50.

    Attributes:
        share: of all images passes, about.
    """

    share: float
    taken: Spread
    ratio: float


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """What searches took, in seconds and requests per second; medians over the rounds.

    Attributes:
        pictures: real ones; with made-up images there are `known`.
        one, steps, one_ratio: one client against bare decode, forward and index search, by p50.
        many, many_rate, forward_rate, many_ratio: 16 clients against the bare, batched decode and
            forward, by requests per second.
        index: the bare index search.
        repeated, repeated_ratio: pictures that were just asked, against that, by p50.
        by_id, by_id_ratio: known images by their name, likewise.
        filtered: those with filters; where no images are made up there is none.
    """

    pictures: int
    known: int
    model_id: str
    one: Spread
    steps: Spread
    one_ratio: float
    many: Spread
    many_rate: float
    forward_rate: float
    many_ratio: float
    index: Spread
    repeated: Spread
    repeated_ratio: float
    by_id: Spread
    by_id_ratio: float
    filtered: list[Filtered]
