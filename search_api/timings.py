"""Where a search's time goes: for its own reply and for Prometheus."""

from time import perf_counter

from search_api.schemas import Took
from shared.metrics import SEARCH_SECONDS

STAGES = ("decode", "embed", "index", "catalog")
_OBSERVE = {name: SEARCH_SECONDS.labels(name).observe for name in STAGES}


class Timings:
    """The seconds one search has spent in each stage so far."""

    def __init__(self) -> None:
        self._seconds = dict.fromkeys(STAGES, 0.0)

    def stage(self, name: str) -> "_Stage":
        """Count the time inside, whether it succeeds or not."""
        return _Stage(self._seconds, name)

    def report(self) -> Took:
        """Tell Prometheus of the stages that ran, and the client of all, in milliseconds."""
        for name, seconds in self._seconds.items():
            if seconds:
                _OBSERVE[name](seconds)
        return Took(**{name: round(s * 1000, 1) for name, s in self._seconds.items()})


class _Stage:
    """A context manager; one made of a generator takes three times as long."""

    def __init__(self, seconds: dict[str, float], name: str) -> None:
        self._seconds = seconds
        self._name = name

    def __enter__(self) -> None:
        self._began = perf_counter()

    def __exit__(self, *_: object) -> None:
        self._seconds[self._name] += perf_counter() - self._began
