"""Search over HTTP against the bare steps: the same pictures, model and cores, turn about.

The server is a process of its own, as in real life; the clients are threads of this one and share
its cores. No query is one that was asked before, so nothing comes from a cache.
"""

import http.client
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from seenit.benchmark import bare
from seenit.benchmark.pictures import varied, write_copies
from shared.embedding.load import load_embedder
from shared.errors import SeenitError
from shared.settings import Settings
from shared.vectors.open import open_index

ROUNDS = 4
CLIENTS = 16
LIMIT = 10
BOUNDARY = "seenit-bench"


@dataclass(frozen=True, slots=True)
class SearchFigures:
    """Seconds and requests per second; medians over the rounds.

    Attributes:
        p50_ratio: one client's p50 against the bare steps' p50.
        throughput_ratio: requests per second of 16 clients against the bare, batched decode and
            forward.
    """

    pictures: int
    model_id: str
    one_p50: float
    one_p99: float
    one_rate: float
    bare_p50: float
    bare_p99: float
    p50_ratio: float
    many_p50: float
    many_p99: float
    many_rate: float
    bare_rate: float
    throughput_ratio: float


def measure(
    settings: Settings, pictures: list[bytes], count: int, step: Callable[[str], None]
) -> SearchFigures:
    """Serve `count` pictures and search them with 1 and with 16 clients.

    Raises:
        SeenitError: the server did not start, or refused a search.
    """
    with tempfile.TemporaryDirectory(prefix="seenit-bench-") as place:
        folder = Path(place) / "pictures"
        write_copies(pictures, count, folder)
        step(f"indexing {count} pictures")
        with _server(folder) as url:
            ours = settings.model_copy(update={"storage_url": folder.as_uri(), "data_dir": None})
            embedder = load_embedder(settings)
            index = open_index(ours.resolved_index_url, embedder.model_id, embedder.dimension)
            queries = varied(pictures)
            alone, steps, many, loop = [], [], [], []
            _ask(url, list(islice(queries, 32)))  # warms up
            bare.search_seconds(embedder, index, islice(queries, 32), LIMIT)
            for turn in range(ROUNDS):
                step(f"round {turn + 1} of {ROUNDS}")
                steps.append(bare.search_seconds(embedder, index, islice(queries, 150), LIMIT))
                alone.append(_ask(url, list(islice(queries, 150))))
                loop.append(bare.forward_rate(embedder, list(islice(queries, 600))))
                many.append(_ask_side_by_side(url, list(islice(queries, 1200))))
            index.close()
    return SearchFigures(
        pictures=count,
        model_id=embedder.model_id,
        one_p50=_median(alone, 50),
        one_p99=_median(alone, 99),
        one_rate=statistics.median(len(s) / sum(s) for s in alone),
        bare_p50=_median(steps, 50),
        bare_p99=_median(steps, 99),
        p50_ratio=statistics.median(
            float(np.percentile(a, 50) / np.percentile(b, 50))
            for a, b in zip(alone, steps, strict=True)
        ),
        many_p50=_median([seconds for seconds, _ in many], 50),
        many_p99=_median([seconds for seconds, _ in many], 99),
        many_rate=statistics.median(rate for _, rate in many),
        bare_rate=statistics.median(loop),
        throughput_ratio=statistics.median(
            rate / bare_rate for (_, rate), bare_rate in zip(many, loop, strict=True)
        ),
    )


def _median(runs: Sequence[Sequence[float]], percentile: float) -> float:
    return statistics.median(float(np.percentile(run, percentile)) for run in runs)


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Run `seenit up` on the folder; yields its address once everything is indexed."""
    command = [sys.executable, "-m", "seenit", "up", str(folder), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        assert process.stdout is not None
        try:
            url = None
            for line in process.stdout:
                url = url or ((found := re.search(r"http://\S+", line)) and found[0])
                if line.startswith("Ready"):
                    break
            if url is None:
                raise SeenitError("the server did not start")
            yield url
        finally:
            process.terminate()


def _ask_side_by_side(url: str, queries: Sequence[bytes]) -> tuple[list[float], float]:
    """Ask with CLIENTS at once; the seconds of each request, and requests per second."""
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        parts = pool.map(lambda n: _ask(url, queries[n::CLIENTS]), range(CLIENTS))
        seconds = [second for part in parts for second in part]
    return seconds, len(queries) / (time.perf_counter() - began)


def _ask(url: str, queries: Sequence[bytes]) -> list[float]:
    """Ask one after another over one connection; the seconds of each request."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    seconds = []
    for query in queries:
        body = _form(query)
        began = time.perf_counter()
        connection.request("POST", f"/v1/search?limit={LIMIT}", body, headers)
        response = connection.getresponse()
        answer = response.read()
        seconds.append(time.perf_counter() - began)
        if response.status != http.HTTPStatus.OK:
            raise SeenitError(f"a search was answered with {response.status}: {answer[:200]!r}")
    connection.close()
    return seconds


def _form(picture: bytes) -> bytes:
    head = (
        f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
        f'name="image"; filename="query"\r\nContent-Type: image/jpeg\r\n\r\n'
    )
    return head.encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
