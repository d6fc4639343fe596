"""Search over HTTP against the bare steps: the same pictures, model and cores, turn about.

The clients are threads of this process and share the server's cores. No query is one that was asked
before, so nothing comes from a cache; but for those that are asked again on purpose.
"""

import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

from seenit.benchmark import bare
from seenit.benchmark.client import Client
from seenit.benchmark.figures import Filtered, SearchFigures, Spread
from seenit.benchmark.pictures import varied
from seenit.benchmark.served import (
    MADE_UP,
    WIDTHS,
    index_pictures,
    make_up,
    serving,
    settings_of,
)
from shared.embedding.load import load_embedder
from shared.protocols import Embedder, VectorIndex
from shared.settings import Settings
from shared.vectors.open import open_index

ROUNDS = 4
CLIENTS = 16
LIMIT = 10
SEARCH = f"/v1/search?limit={LIMIT}"
FILTERS = {
    0.01: f"max_width={WIDTHS // 100}",
    0.1: f"max_width={WIDTHS // 10}",
    1.0: f"bucket={MADE_UP}",
}
"""Filters, by the share of the made-up images that passes."""


def measure(
    settings: Settings, pictures: list[bytes], count: int, known: int, step: Callable[[str], None]
) -> SearchFigures:
    """Serve `count` pictures, and made-up images up to `known`, and search them in all ways.

    Raises:
        SeenitError: the server did not start, or refused a search.
    """
    with tempfile.TemporaryDirectory(prefix="seenit-bench-") as place:
        folder = Path(place) / "pictures"
        step(f"indexing {count:,} pictures")
        index_pictures(pictures, count, folder)
        ours = settings_of(folder, settings)
        embedder = load_embedder(ours)
        if known > count:
            step(f"making up {known - count:,} images")
            make_up(ours, embedder, known - count)
        model = embedder.model_id, embedder.dimension
        with serving(folder) as url, closing(open_index(ours.resolved_index_url, *model)) as index:
            filters = FILTERS if known > count else {}
            rounds = _Rounds(url, embedder, index, varied(pictures), filters)
            rounds.warm_up()
            for turn in range(ROUNDS):
                step(f"round {turn + 1} of {ROUNDS}")
                rounds.go()
    return rounds.figures(count, max(count, known))


@dataclass(slots=True)
class _Rounds:
    """Measures everything turn about, each beside what it is compared with.

    Attributes:
        filters: by the share that passes.
        seconds: of each request, by what it was and by round.
        rates: requests per second, likewise.
    """

    url: str
    embedder: Embedder
    index: VectorIndex
    queries: Iterator[bytes]
    filters: Mapping[float, str]
    seconds: defaultdict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    rates: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def warm_up(self) -> None:
        """Have everything run once that runs slower the first time."""
        self.go(single=30, batch=160)
        self.seconds.clear()
        self.rates.clear()

    def go(self, single: int = 150, batch: int = 800) -> None:
        """Run one round."""
        asked = list(islice(self.queries, single))
        steps = bare.search_seconds(self.embedder, self.index, islice(self.queries, single), LIMIT)
        self.seconds["steps"].append(steps)
        self.seconds["one"].append(self._send(asked))
        self.seconds["repeated"].append(self._send(asked))
        known = list(islice(self.index.ids(), single))
        self.seconds["index"].append(bare.index_seconds(self.index, known, LIMIT))
        self.seconds["by_id"].append(self._name(known))
        for where in self.filters.values():
            self.seconds[where].append(self._name(known, where))
        some = list(islice(self.queries, batch))
        self.rates["forward"].append(bare.forward_rate(self.embedder, some))
        seconds, rate = self._send_side_by_side(list(islice(self.queries, batch)))
        self.seconds["many"].append(seconds)
        self.rates["many"].append(rate)

    def _send(self, pictures: Iterable[bytes]) -> list[float]:
        """Send one after another over one connection; the seconds of each."""
        with Client(self.url) as client:
            return [_timed(partial(client.send_picture, SEARCH, each)) for each in pictures]

    def _name(self, image_ids: Iterable[str], where: str = "") -> list[float]:
        """Ask by name, one after another; the seconds of each."""
        with Client(self.url) as client:
            paths = (f"{SEARCH}&image_id={image_id}&{where}" for image_id in image_ids)
            return [_timed(partial(client.get, path)) for path in paths]

    def _send_side_by_side(self, pictures: Sequence[bytes]) -> tuple[list[float], float]:
        """Send with CLIENTS at once; the seconds of each, and requests per second."""
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            parts = pool.map(lambda n: self._send(pictures[n::CLIENTS]), range(CLIENTS))
            seconds = [second for part in parts for second in part]
        return seconds, len(pictures) / (time.perf_counter() - began)

    def figures(self, pictures: int, known: int) -> SearchFigures:
        """Sum up."""
        spreads = {name: Spread.of(rounds) for name, rounds in self.seconds.items()}
        filtered = [
            Filtered(share, spreads.pop(where), self._ratio(where, "by_id"))
            for share, where in self.filters.items()
        ]
        rates = {name: statistics.median(rounds) for name, rounds in self.rates.items()}
        return SearchFigures(
            pictures=pictures,
            known=known,
            model_id=self.embedder.model_id,
            **spreads,
            one_ratio=self._ratio("one", "steps"),
            many_rate=rates["many"],
            forward_rate=rates["forward"],
            many_ratio=statistics.median(
                many / forward
                for many, forward in zip(self.rates["many"], self.rates["forward"], strict=True)
            ),
            repeated_ratio=self._ratio("repeated", "index"),
            by_id_ratio=self._ratio("by_id", "index"),
            filtered=filtered,
        )

    def _ratio(self, ours: str, bare: str) -> float:
        """Compare the medians round by round."""
        pairs = zip(self.seconds[ours], self.seconds[bare], strict=True)
        return statistics.median(statistics.median(a) / statistics.median(b) for a, b in pairs)


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
