"""Ingest end to end against the bare loop: the same files, model and cores, turn about."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from seenit.benchmark import bare
from seenit.benchmark.pictures import write_copies
from shared.settings import Settings
from shared.storage.open import open_folder
from streams.parts import open_parts

ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds from one moment to another, and how many times the bare steps they are."""

    p50: float
    p99: float
    p50_ratio: float
    p99_ratio: float


@dataclass(frozen=True, slots=True)
class Freshness:
    """From an upload to searchable.

    Attributes:
        rate: uploads per second.
        bare: seconds of the bare steps of one picture, p50; all ratios are to it.
        whole: from the end of the PUT to searchable.
        store: of that, until the store has told Kafka.
        ours: the rest.
    """

    rate: float
    bare: float
    whole: Span
    store: Span
    ours: Span


@dataclass(frozen=True, slots=True)
class IngestFigures:
    """Medians over the rounds; rates in pictures per second, `ratio` of the pairs."""

    pictures: int
    model_id: str
    end_to_end: float
    bare: float
    ratio: float
    freshness: Freshness | None = None


async def measure(
    settings: Settings, pictures: list[bytes], count: int, step: Callable[[str], None]
) -> IngestFigures:
    """Index `count` copies of the pictures in a fresh folder, ROUNDS times.

    Args:
        settings: for the model and the limits; folder and state are temporary.
        pictures: files, as bytes.
        count: how many copies of them, each with bytes of its own.
        step: told what is being measured.
    """
    pairs = []
    model_id = ""
    with tempfile.TemporaryDirectory(prefix="seenit-bench-") as place:
        for turn in range(ROUNDS):
            folder = Path(place) / str(turn)
            paths = write_copies(pictures, count, folder)
            ours = settings.model_copy(
                update={"storage_url": folder.as_uri(), "settle_ms": 0, "data_dir": None}
            )
            step(f"round {turn + 1} of {ROUNDS}: end to end")
            async with open_parts(ours, open_folder(ours)) as parts:
                embedder = parts.embedding.embedder
                model_id = embedder.model_id
                working = asyncio.create_task(parts.intake.run())
                await asyncio.to_thread(bare.ingest_rate, embedder, paths[:64])  # warms up
                began = time.perf_counter()
                await parts.reconciler.mend(await parts.reconciler.survey(), parts.intake)
                end_to_end = count / (time.perf_counter() - began)
                working.cancel()
                step(f"round {turn + 1} of {ROUNDS}: bare loop")
                pairs.append(
                    (end_to_end, await asyncio.to_thread(bare.ingest_rate, embedder, paths))
                )
    return IngestFigures(
        count,
        model_id,
        statistics.median(ours for ours, _ in pairs),
        statistics.median(loop for _, loop in pairs),
        statistics.median(ours / loop for ours, loop in pairs),
    )
