"""Where a search's time goes: for its own reply and for Prometheus."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

from search_api.schemas import Took
from shared.metrics import SEARCH_SECONDS

STAGES = ("decode", "embed", "index", "catalog")
_OBSERVE = {name: SEARCH_SECONDS.labels(name).observe for name in STAGES}


class Timings:
    """The seconds one search has spent in each stage so far."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(STAGES, 0.0)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time inside, whether it succeeds or not."""
        began = perf_counter()
        try:
            yield
        finally:
            self._seconds[name] += perf_counter() - began

    def report(self) -> Took:
        """Tell Prometheus of the stages that ran, and the client of all, in milliseconds."""
        for name, seconds in self._seconds.items():
            if seconds:
                _OBSERVE[name](seconds)
        return Took(**{name: round(s * 1000, 1) for name, s in self._seconds.items()})
