"""Where the processor time of ingest goes: per picture and process, in core-milliseconds.

    set -a; . .stack/env; set +a
    .venv/bin/python benchmarks/costs.py ~/photos --count 1000

Uploads, then lets a worker index, as `seenit bench ingest` does, and adds up what each process of
the worker and of the services took meanwhile. Other load changes that less than it changes rates.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from seenit.benchmark import bare
from seenit.benchmark.bucket import WARM, Bench
from seenit.benchmark.consuming import What, consuming
from seenit.benchmark.ground import own_ground
from seenit.benchmark.pictures import load_pictures
from shared.embedding.load import load_embedder
from shared.settings import Settings, load_settings

Used = Counter[str]
"""Processor seconds per part."""


def services(settings: Settings) -> dict[str, psutil.Process]:
    """Find the processes that listen where the settings lead."""
    urls = {
        "minio": settings.storage_url,
        "kafka": settings.kafka_url,
        "mysql": settings.catalog_url,
        "milvus": settings.index_url,
    }
    ports = {urlsplit(url).port: name for name, url in urls.items()}
    listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    return {ports[c.laddr.port]: psutil.Process(c.pid) for c in listening if c.laddr.port in ports}


def worker() -> Iterator[tuple[str, psutil.Process]]:
    """Name the processes below this one that do the work."""
    for process in psutil.Process().children(recursive=True):
        command = " ".join(process.cmdline())
        if "images.child" in command:
            yield "decoders", process
        elif "spawn_main" in command:
            yield "worker", process


def used(parts: dict[str, psutil.Process]) -> Used:
    """Add up the processor time so far."""
    seconds: Used = Counter()
    for name, process in (*parts.items(), *worker()):
        times = process.cpu_times()
        seconds[name] += times.user + times.system
    return seconds


def round_of(
    bench: Bench, settings: Settings, pictures: list[bytes], count: int
) -> dict[str, float]:
    """Index `count` new pictures; core-ms of each part per picture, and the rates."""
    parts = services(settings)
    paths = bench.upload(str(time.time_ns()), count)
    with consuming(settings, pictures[:WARM]) as at_work:
        began = at_work.first(What.LOOKING)
        before = used(parts)
        seconds = max(at_work.found(count).values()) - began
        spent = used(parts) - before
    costs = {name: 1000 * spent[name] / count for name in ("worker", "decoders", *parts)}
    before = psutil.Process().cpu_times()
    rate = bare.ingest_rate(bench.embedder, paths)
    after = psutil.Process().cpu_times()
    took = after.user + after.system - before.user - before.system
    figures = costs | {"sum": sum(costs.values()), "bare": 1000 * took / count}
    figures["ratio"] = figures["bare"] / figures["sum"]
    return {name: round(each, 2) for name, each in figures.items()} | {
        "rate": round(count / seconds, 1),
        "bare_rate": round(rate, 1),
    }


async def measure(folder: Path, count: int, rounds: int) -> None:
    """Print each round's figures as a line of JSON."""
    settings = load_settings()
    pictures = load_pictures(folder)
    embedder = load_embedder(settings)
    async with own_ground(settings) as ours:
        with tempfile.TemporaryDirectory(prefix="seenit-costs-") as place:
            quiet = ours.model_copy(update={"worker_port": 0})
            bench = Bench(quiet, embedder, pictures, Path(place))
            for _ in range(rounds):
                print(json.dumps(await asyncio.to_thread(round_of, bench, quiet, pictures, count)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    told = parser.parse_args()
    asyncio.run(measure(told.pictures, told.count, told.rounds))
