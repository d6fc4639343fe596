"""Choose the embedded index by figures: `python benchmarks/embedded_index.py` prints a table.

Each candidate that can be imported (`pip install faiss-cpu usearch milvus-lite`) is filled in
batches of 64 by a process of its own, searched at once, then killed with SIGKILL while it writes
on; a second process opens what is left on disk, counts it and searches again. Required of the
choice: p50 of at most 30 ms, start-up of at most 5 s, recall@10 of at least 0.99, and nothing that
was acknowledged missing after the kill.
"""

# ruff: noqa: D102, D103 - the candidates share the contract of `Candidate`

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import psutil
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent.parent))

DIMENSION = 512
BATCH = 64
FRESH = 1024  # the newest vectors, written within the last second or so
SAVE_EVERY = 10_000  # libraries that only save whole files do so this often
AFTER = 20  # batches written on, until the kill

Rows = list[list[int]]
Vectors = NDArray[np.float32]


class Candidate(Protocol):
    """One index under test; vectors are numbered in the order of their adding."""

    def add(self, first: int, vectors: Vectors) -> None: ...
    def search(self, queries: Vectors) -> Rows: ...
    def count(self) -> int: ...


class Exact:
    """shared/vectors/exact.py."""

    def __init__(self, folder: Path) -> None:
        from shared.vectors.exact import ExactIndex  # noqa: PLC0415 - measured apart

        self._index = ExactIndex(folder / "catalog.db", "m", DIMENSION)

    def add(self, first: int, vectors: Vectors) -> None:
        self._index.upsert([f"{first + n:064x}" for n in range(len(vectors))], vectors)

    def search(self, queries: Vectors) -> Rows:
        found = self._index.nearest(queries, 10)
        return [[int(hit.image_id, 16) for hit in hits] for hits in found]

    def count(self) -> int:
        return sum(1 for _ in self._index.ids())


class Faiss:
    """A flat inner-product index, saved whole now and then."""

    def __init__(self, folder: Path) -> None:
        import faiss  # noqa: PLC0415 - only where installed

        self._file = folder / "faiss.index"
        self._save: Callable[..., None] = faiss.write_index
        there = self._file.exists()
        self._index: Any = (
            faiss.read_index(str(self._file)) if there else faiss.IndexFlatIP(DIMENSION)
        )

    def add(self, first: int, vectors: Vectors) -> None:
        self._index.add(vectors)
        if first // SAVE_EVERY != (first + len(vectors)) // SAVE_EVERY:
            self._save(self._index, str(self._file))

    def search(self, queries: Vectors) -> Rows:
        return self._index.search(queries, 10)[1].tolist()  # type: ignore[no-any-return]

    def count(self) -> int:
        return int(self._index.ntotal)


class USearch:
    """HNSW in memory, saved whole now and then."""

    def __init__(self, folder: Path) -> None:
        from usearch.index import Index  # type: ignore[import-not-found] # noqa: PLC0415 - only where installed

        self._file = folder / "usearch.index"
        self._index: Any = Index(
            ndim=DIMENSION, metric="cos", dtype="f32", connectivity=16, expansion_search=128
        )
        if self._file.exists():
            self._index.load(str(self._file))

    def add(self, first: int, vectors: Vectors) -> None:
        self._index.add(np.arange(first, first + len(vectors)), vectors)
        if first // SAVE_EVERY != (first + len(vectors)) // SAVE_EVERY:
            self._index.save(str(self._file))

    def search(self, queries: Vectors) -> Rows:
        found = self._index.search(queries, 10)
        return np.atleast_2d(found.keys).tolist()  # type: ignore[no-any-return]

    def count(self) -> int:
        return len(self._index)


class MilvusLite:
    """HNSW, flushed now and then, as unflushed rows are searched slowly."""

    def __init__(self, folder: Path) -> None:
        from pymilvus import DataType, MilvusClient  # noqa: PLC0415, TID251 - measured itself

        self._client = MilvusClient(uri=str(folder / "milvus.db"))
        if not self._client.has_collection("m"):
            schema = MilvusClient.create_schema(auto_id=False)
            schema.add_field("id", DataType.INT64, is_primary=True)
            schema.add_field("v", DataType.FLOAT_VECTOR, dim=DIMENSION)
            index = MilvusClient.prepare_index_params()
            tuned = {"M": 16, "efConstruction": 200}
            index.add_index("v", index_type="HNSW", metric_type="COSINE", params=tuned)
            self._client.create_collection("m", schema=schema, index_params=index)
        self._client.load_collection("m")

    def add(self, first: int, vectors: Vectors) -> None:
        rows = [{"id": first + n, "v": vector} for n, vector in enumerate(vectors)]
        self._client.upsert("m", rows)
        if first // SAVE_EVERY != (first + len(vectors)) // SAVE_EVERY:
            self._client.flush("m")

    def search(self, queries: Vectors) -> Rows:
        wanted = {"metric_type": "COSINE", "params": {"ef": 128}}
        found = self._client.search("m", list(queries), limit=10, search_params=wanted)
        return [list(hits.ids) for hits in found]

    def count(self) -> int:
        (row,) = self._client.query("m", filter="", output_fields=["count(*)"])
        return int(row["count(*)"])


CANDIDATES: dict[str, tuple[str, Callable[[Path], Candidate]]] = {
    "exact": ("numpy", Exact),
    "faiss-flat": ("faiss", Faiss),
    "usearch": ("usearch", USearch),
    "milvus-lite": ("milvus_lite", MilvusLite),
}


def draw(kind: str, count: int) -> Vectors:
    """Draw unit vectors: `uniform`, or `clustered` around one centre per 50 vectors."""
    random = np.random.default_rng(7)
    drawn = random.standard_normal((count, DIMENSION), dtype=np.float32)
    if kind == "clustered":
        centres = random.standard_normal((count // 50, DIMENSION), dtype=np.float32)
        drawn = drawn * 0.8 + centres[random.integers(0, len(centres), count)]
    return unit(drawn)


def unit(vectors: Vectors) -> Vectors:
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def measure(index: Candidate, vectors: Vectors, kind: str) -> dict[str, float]:
    """Search for copies of stored vectors, half of them fresh, each edited a little."""
    random = np.random.default_rng(len(kind))
    newest = len(vectors) - FRESH + random.integers(0, FRESH, 100)
    picked = np.concatenate([random.integers(0, len(vectors) - FRESH, 100), newest])
    noise = random.standard_normal((200, DIMENSION), dtype=np.float32) / DIMENSION**0.5
    queries = unit(vectors[picked] + noise)
    truth = np.argpartition(-(queries @ vectors.T), 10, axis=1)[:, :10]
    single, found = timed(index, list(queries[:, None]))
    many, _ = timed(index, [queries[start : start + 16] for start in range(0, 192, 16)])
    recall = [len({*hits} & {*best}) / 10 for hits, best in zip(found, truth.tolist(), strict=True)]
    return {
        "p50_ms": float(np.median(single)) * 1e3,
        "p99_ms": float(np.quantile(single, 0.99)) * 1e3,
        "p50_of_16_ms": float(np.median(many)) * 1e3,
        "recall": float(np.mean(recall[:100])),
        "recall_fresh": float(np.mean(recall[100:])),
    }


def timed(index: Candidate, batches: list[Vectors]) -> tuple[list[float], Rows]:
    seconds, found = [], []
    for batch in batches:
        began = time.perf_counter()
        found += index.search(batch)
        seconds.append(time.perf_counter() - began)
    return seconds, found


def fill(name: str, kind: str, count: int, folder: Path) -> None:
    """Fill and measure, print the figures, then write on until killed, printing how far it is."""
    vectors = draw(kind, count)
    index = CANDIDATES[name][1](folder)
    index.search(vectors[:1]) if name == "exact" else None  # so that it mirrors as it goes
    began = time.perf_counter()
    for first in range(0, count, BATCH):
        index.add(first, vectors[first : first + BATCH])
    rate = count / (time.perf_counter() - began)
    print(json.dumps({"insert_per_s": rate, **measure(index, vectors, kind)}), flush=True)
    first = count
    # One direction away from all, so that these rows push none of the true neighbours out.
    far = np.repeat(-unit(vectors.sum(axis=0, keepdims=True)), BATCH, axis=0)
    while True:
        index.add(first, far)
        first += BATCH
        print(first, flush=True)


def start(name: str, kind: str, count: int, folder: Path) -> None:
    """Open what the killed process left and print the figures."""
    vectors = draw(kind, count)
    before = psutil.Process().memory_info().rss
    began = time.perf_counter()
    index = CANDIDATES[name][1](folder)
    index.search(vectors[:1])
    seconds = time.perf_counter() - began
    memory = (psutil.Process().memory_info().rss - before) / 2**20
    figures = {"start_s": seconds, "memory_mib": memory, "kept": index.count()}
    print(json.dumps(figures | {f"again_{k}": v for k, v in measure(index, vectors, kind).items()}))


def trial(name: str, kind: str, count: int) -> dict[str, float]:
    """Run both processes of one candidate."""
    with tempfile.TemporaryDirectory() as folder:
        common = [sys.executable, __file__, "--count", str(count), "--run", name, kind, folder]
        with subprocess.Popen([*common, "fill"], stdout=subprocess.PIPE, text=True) as filler:
            assert filler.stdout is not None
            figures: dict[str, float] = json.loads(filler.stdout.readline())
            lines = [filler.stdout.readline() for _ in range(AFTER)]
            os.kill(filler.pid, signal.SIGKILL)
            told = int([*lines, *filler.stdout][-1])
        again = subprocess.run([*common, "start"], stdout=subprocess.PIPE, text=True, check=True)
        figures |= json.loads(again.stdout)
        figures["lost"] = max(0, told - figures["kept"])
        return figures


COLUMNS = {
    "insert_per_s": "inserts/s",
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "p50_of_16_ms": "p50 ms, 16 at once",
    "recall": "recall@10",
    "recall_fresh": "recall@10, fresh",
    "start_s": "start s",
    "again_p50_ms": "p50 ms after start",
    "again_recall": "recall@10 after start",
    "memory_mib": "memory MiB",
    "lost": "lost by kill -9",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES))
    parser.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.run:
        name, kind, folder, phase = asked.run
        {"fill": fill, "start": start}[phase](name, kind, asked.count, Path(folder))
        return
    print("| index | data |", " | ".join(COLUMNS.values()), "|")
    print("|---|---|" + "---:|" * len(COLUMNS))
    for kind in ("clustered", "uniform"):
        for name in asked.only:
            if find_spec(CANDIDATES[name][0]) is None:
                print(f"{name}: not installed, left out", file=sys.stderr)
                continue
            figures = trial(name, kind, asked.count)
            cells = (f"{figures[key]:,.3g}" for key in COLUMNS)
            print(f"| {name} | {kind} |", " | ".join(cells), "|", flush=True)


if __name__ == "__main__":
    main()
