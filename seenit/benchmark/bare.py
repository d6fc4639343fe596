"""The bare loop: what the work itself costs, with no queue, no database and no HTTP around it.

One worker a core, each doing every step of its own pictures in turn and handing the model full
batches: nothing waits for anything. On two cores that is the fastest layout of those tried.
"""

import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from seenit.benchmark.pictures import MAX_PIXELS
from shared.digests import image_digest
from shared.images.decoding import decode
from shared.protocols import Embedder, VectorIndex


def ingest_rate(embedder: Embedder, paths: Sequence[Path]) -> float:
    """Read, hash, decode and embed files; pictures per second."""

    def read(path: Path) -> bytes:
        data = path.read_bytes()
        image_digest(data)
        return data

    workers = os.cpu_count() or 1

    def work(part: Sequence[Path]) -> None:
        _embed_all(embedder, map(read, part))

    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, [paths[n::workers] for n in range(workers)]))
    return len(paths) / (time.perf_counter() - began)


def forward_rate(embedder: Embedder, pictures: Sequence[bytes]) -> float:
    """Decode and embed bytes in batches; pictures per second."""
    workers = os.cpu_count() or 1
    began = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(
            pool.map(
                lambda part: _embed_all(embedder, part),
                [pictures[n::workers] for n in range(workers)],
            )
        )
    return len(pictures) / (time.perf_counter() - began)


def search_seconds(
    embedder: Embedder, index: VectorIndex, pictures: Iterable[bytes], limit: int
) -> list[float]:
    """Decode, embed and look up one picture after another; seconds of each."""
    seconds = []
    for data in pictures:
        began = time.perf_counter()
        pixels = decode(data, max_pixels=MAX_PIXELS).pixels
        index.nearest(embedder.embed(pixels[np.newaxis]), limit)
        seconds.append(time.perf_counter() - began)
    return seconds


def index_seconds(index: VectorIndex, image_ids: Sequence[str], limit: int) -> list[float]:
    """Look up one known embedding after another; seconds of each."""
    seconds = []
    for embedding in index.get(image_ids).values():
        began = time.perf_counter()
        index.nearest(embedding[np.newaxis], limit)
        seconds.append(time.perf_counter() - began)
    return seconds


def picture_seconds(embedder: Embedder, paths: Iterable[Path]) -> list[float]:
    """Read, hash, decode and embed one file after another; seconds of each."""
    seconds = []
    for path in paths:
        began = time.perf_counter()
        data = path.read_bytes()
        image_digest(data)
        embedder.embed(decode(data, max_pixels=MAX_PIXELS).pixels[np.newaxis])
        seconds.append(time.perf_counter() - began)
    return seconds


def _embed_all(embedder: Embedder, pictures: Iterable[bytes]) -> None:
    batch = []
    for data in pictures:
        batch.append(decode(data, max_pixels=MAX_PIXELS).pixels)
        if len(batch) == embedder.batch:
            embedder.embed(np.stack(batch))
            batch.clear()
    if batch:
        embedder.embed(np.stack(batch))
