"""Ingest of a bucket against the bare loop: MinIO, Kafka, the worker, Milvus and MySQL at work.

Throughput: notifications wait in Kafka; counted from the worker's first look to the last row, with
the services on the same cores. Freshness: one upload after another at a tenth of that rate, counted
from the end of the PUT until the object's row is written, by which search knows it.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from aiokafka.structs import ConsumerRecord

from seenit.benchmark import bare
from seenit.benchmark.consuming import What, consuming
from seenit.benchmark.ground import own_ground
from seenit.benchmark.ingest import Freshness, IngestFigures, Span
from seenit.benchmark.pictures import write_copies
from shared.embedding.load import load_embedder
from shared.protocols import Embedder
from shared.records import ObjectRef
from shared.settings import Settings
from shared.storage.open import open_store
from streams.kafka import kafka_address
from streams.looking_back import ends, sent_since
from streams.notifications import read

ROUNDS = 3
UPLOADERS = 4
FRESH = 200
WARM = 64
LOAD = 0.1


async def measure(
    settings: Settings, pictures: list[bytes], count: int, step: Callable[[str], None]
) -> IngestFigures:
    """Upload `count` copies of the pictures to a bucket and index them, ROUNDS times.

    Args:
        settings: lead to the services and choose the model; all that is written is temporary.
        pictures: files, as bytes.
        count: how many copies of them, each with bytes of its own.
        step: told what is being measured.

    Raises:
        SeenitError: a part refuses or does not answer, or the worker ended.
    """
    embedder = await asyncio.to_thread(load_embedder, settings)
    async with own_ground(settings) as ours:
        with tempfile.TemporaryDirectory(prefix="seenit-bench-") as place:
            bench = Bench(ours, embedder, pictures, Path(place))
            return await asyncio.to_thread(bench.measure, count, step)


class Bench:
    """Rounds on one ground. Blocks.

    Args:
        settings: of the ground.
        embedder: for the bare loop.
        pictures: to make copies of.
        place: a folder for these.
    """

    def __init__(
        self, settings: Settings, embedder: Embedder, pictures: list[bytes], place: Path
    ) -> None:
        self._settings = settings.model_copy(update={"worker_port": 0})
        self.embedder = embedder
        self._pictures = pictures
        self._place = place
        self._store = open_store(settings)

    def measure(self, count: int, step: Callable[[str], None]) -> IngestFigures:
        """Take turns between the worker and the bare loop, then measure freshness."""
        pairs = []
        for turn in range(ROUNDS):
            step(f"round {turn + 1} of {ROUNDS}: uploading")
            paths = self.upload(f"{turn}", count)
            bare.ingest_rate(self.embedder, paths[:WARM])
            step(f"round {turn + 1} of {ROUNDS}: end to end")
            end_to_end = self.end_to_end(count)
            step(f"round {turn + 1} of {ROUNDS}: bare loop")
            pairs.append((end_to_end, bare.ingest_rate(self.embedder, paths)))
        end_to_end = statistics.median(ours for ours, _ in pairs)
        step("freshness")
        return IngestFigures(
            count,
            self.embedder.model_id,
            end_to_end,
            statistics.median(loop for _, loop in pairs),
            statistics.median(ours / loop for ours, loop in pairs),
            self.freshness(LOAD * end_to_end),
        )

    def upload(self, prefix: str, count: int) -> list[Path]:
        """Put copies into the bucket; returns the files they were made from."""
        paths = write_copies(self._pictures, count, self._place / prefix)
        with ThreadPoolExecutor(UPLOADERS) as threads:
            list(threads.map(lambda path: self._put(f"{prefix}/{path.name}", path), paths))
        return paths

    def end_to_end(self, count: int) -> float:
        """Have a worker index what was uploaded and is not done; pictures per second."""
        with consuming(self._settings, self._pictures[:WARM]) as worker:
            began = worker.first(What.LOOKING)
            return count / (max(worker.found(count).values()) - began)

    def freshness(self, rate: float) -> Freshness:
        """Upload so many a second while a worker works; from PUT to Kafka to found."""
        paths = write_copies(self._pictures, FRESH, self._place / "fresh")
        kafka = kafka_address(self._settings.kafka_url)
        done: dict[str, float] = {}
        since = asyncio.run(ends(kafka, self._settings.topic))
        with consuming(self._settings, self._pictures[:WARM]) as worker:
            began = worker.first(What.WORKING)
            for number, path in enumerate(paths):
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
                key = f"fresh/{path.name}"
                self._put(key, path)
                done[key] = time.monotonic()
            found = worker.found(FRESH)
        told = self._told(asyncio.run(sent_since(kafka, since)))
        alone = statistics.median(bare.picture_seconds(self.embedder, paths))
        return Freshness(
            rate,
            alone,
            whole=_span([found[key] - done[key] for key in done], alone),
            store=_span([told[key] - done[key] for key in done], alone),
            ours=_span([found[key] - max(told[key], done[key]) for key in done], alone),
        )

    def _told(self, messages: Sequence[ConsumerRecord]) -> dict[str, float]:
        """Tell when Kafka first had the notification of each object, by the monotonic clock."""
        apart = time.monotonic() - time.time()
        told: dict[str, float] = {}
        for message in messages:
            for event in read(message.value, self._settings.buckets).events:
                told.setdefault(event.ref.key, message.timestamp / 1000 + apart)
        return told

    def _put(self, key: str, path: Path) -> None:
        with path.open("rb") as source:
            self._store.put(ObjectRef(self._settings.buckets[0], key), source)


def _span(seconds: Sequence[float], alone: float) -> Span:
    p50, p99 = (max(0.0, float(np.percentile(seconds, percent))) for percent in (50, 99))
    return Span(p50, p99, p50 / alone, p99 / alone)
