"""What filters cost: `python benchmarks/filters.py` prints a table of ratios.

Fills a catalog and an index with made-up embeddings and real rows, and asks each search twice in
turn, without a filter and with it: 20 nearest of a stored picture, by its name, so that nothing is
decoded or embedded and nothing hides the filter's part. Kinds of filters are laid out so that each
passes a known share of the pictures, independent of how they look. Required: p50 at most twice that
of the unfiltered search.

By default SQLite and the exact index in a folder that is then deleted; `--catalog` and `--index`
name services (`make stack` leaves their addresses in `.stack/env`), where databases are made and
dropped.
"""

# ruff: noqa: D103 - a script

import argparse
import asyncio
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parent.parent))

from search_api.facts import Facts
from search_api.inputs import Asked, ImageId
from search_api.looks import Looks
from search_api.originals import Originals
from search_api.parameters import SearchParameters
from search_api.parts import Parts
from search_api.queries import Queries
from search_api.search import Searcher
from shared.catalog.dropping import drop_database
from shared.catalog.open import open_catalog, open_reader
from shared.catalog.setting_up import make_database
from shared.catalog.sql import SqlCatalog
from shared.errors import TransientError
from shared.protocols import VectorIndex
from shared.records import ImageFacts, IndexedObject, ObjectRef, ObjectStat
from shared.vectors.open import open_index

MODEL = "made-up-512-00000000"
DIMENSION = 512
BATCH = 1000
BEGAN = datetime(2025, 1, 1, tzinfo=UTC)
CLOCK = time.perf_counter
AVERAGE = statistics.median
SHARES = (0.0, 0.0001, 0.001, 0.01, 0.03, 0.05, 0.1, 0.2, 0.5, 1.0)
CLASSES = {"0.0001": 0.0001, "0.001": 0.001, "0.01": 0.01, "0.1": 0.1, "0.5": 0.5, "rest": 1.0}
FORMATS = dict(zip(CLASSES, ("GIF", "BMP", "TIFF", "PNG", "JPEG", "WEBP"), strict=True))


@dataclass(frozen=True)
class Laid:
    """Where picture number `n` of `count` stands in five independent orders, each 0 to 1."""

    bucket: float
    prefix: float
    user_key: float
    format: float
    size: float
    moment: float


def lay_out(count: int) -> list[Laid]:
    random = np.random.default_rng(11)
    orders = np.stack([random.permutation(count) for _ in range(6)], axis=1) / count
    return [Laid(*row) for row in orders.tolist()]


def class_of(place: float) -> str:
    """Name the class of a place; each class holds its share."""
    start = 0.0
    for name, share in CLASSES.items():
        start += share
        if place < start:
            return name
    return "rest"


def facts_of(number: int, laid: Laid) -> ImageFacts:
    image_id = hashlib.sha256(b"%d" % number).hexdigest()
    across = 1 + round(laid.size * 1e6)
    return ImageFacts(image_id, across, across, FORMATS[class_of(laid.format)], 100_000)


def object_of(number: int, laid: Laid, image_id: str) -> IndexedObject:
    ref = ObjectRef(class_of(laid.bucket), f"a/{class_of(laid.prefix)}/{number:07}.jpg")
    modified = BEGAN + timedelta(seconds=laid.moment * 1e6)
    user_key = class_of(laid.user_key)
    return IndexedObject(ObjectStat(ref, 100_000, f"{number}", modified, user_key), image_id)


def filters(share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name each kind of filter that passes this share."""
    yield from of_classes(share)
    yield "min_width", {"min_width": narrowest(share)}
    yield "max_height", {"max_height": max(1, round(share * 1e6) + (share == 1))}
    yield "modified", {"modified_after": newest(share)}
    if 0 < share < 1:
        both = {"min_width": narrowest(share**0.5)}
        yield "two together", both | {"modified_after": newest(share**0.5)}
    if 0 < share < 0.5:
        yield (
            "and another's half",
            {"min_width": narrowest(share * 2)} | {"modified_after": newest(0.5)},
        )


def of_classes(share: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name the kinds of filters that ask for one of a few values, if one passes this share."""
    if share not in {0, 1, *CLASSES.values()}:
        return
    name = {0.0: "none", 1.0: ""}.get(share, str(share))
    every = {"bucket": [*CLASSES], "format": [*FORMATS.values()], "user_key": [*CLASSES]}
    one = {"bucket": [name], "format": [FORMATS.get(name, "AVIF")], "user_key": [name]}
    for kind, values in every.items():
        yield kind, {kind: values if share == 1 else one[kind]}
    yield "prefix", {"prefix": "a/" + (f"{name}/" if name else "")}


def narrowest(share: float) -> int:
    """Give the width that this share has at least."""
    return 2 + round((1 - share) * 1e6) if share < 1 else 1


def newest(share: float) -> str:
    """Give the moment since which this share was modified."""
    return (BEGAN + timedelta(seconds=(1 - share) * 1e6 + (share < 1))).isoformat()


async def fill(catalog: SqlCatalog, index: VectorIndex, count: int) -> list[str]:
    """Write all as ingest does; returns the images."""
    laid = lay_out(count)
    random = np.random.default_rng(7)
    images: list[str] = []
    for start in range(0, count, BATCH):
        some = list(enumerate(laid))[start : start + BATCH]
        facts = [facts_of(number, place) for number, place in some]
        vectors = random.standard_normal((len(some), DIMENSION), dtype=np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        changes = [
            object_of(number, place, one.image_id)
            for (number, place), one in zip(some, facts, strict=True)
        ]
        stats = {change.ref: change.stat for change in changes}

        async def present(_: object, stats: Mapping[ObjectRef, ObjectStat] = stats) -> Any:  # noqa: ANN401 - as the protocol has it
            return stats

        await catalog.claim(facts)
        await asyncio.to_thread(index.upsert, [one.image_id for one in facts], vectors)
        await catalog.record(changes, present)
        images += [one.image_id for one in facts]
        print(f"\r{len(images):,} written", end="", file=sys.stderr)
    print(file=sys.stderr)
    return images


async def timed(searcher: Searcher, image_id: str, limit: int, **where: Any) -> tuple[float, int]:  # noqa: ANN401 - parameters
    asked = Asked(ImageId(image_id), SearchParameters(limit=limit, **where))
    began = CLOCK()
    reply = await searcher.search(asked)
    return CLOCK() - began, len(reply.hits)


async def measure(searcher: Searcher, images: list[str], asked: argparse.Namespace) -> None:
    random = np.random.default_rng(3)
    print("| filter |", " | ".join(f"{share:.2%}" for share in SHARES), "|")
    print("|---|" + "---:|" * len(SHARES))
    rows: dict[str, list[str]] = {}
    plain: list[float] = []
    worst = 0.0
    for share in SHARES:
        for kind, where in filters(share):
            without, with_it, hits = [], [], 0
            for number in random.integers(0, len(images), asked.rounds).tolist():
                without.append((await timed(searcher, images[number], asked.limit))[0])
                seconds, hits = await timed(searcher, images[number], asked.limit, **where)
                with_it.append(seconds)
            plain += without
            ratio = AVERAGE(with_it) / AVERAGE(without)
            worst = max(worst, ratio)
            cells = rows.setdefault(kind, [""] * len(SHARES))
            cells[SHARES.index(share)] = (
                f"{ratio:.2f} ({hits})" if hits < asked.limit else f"{ratio:.2f}"
            )
            if asked.verbose:
                print(kind, share, f"{ratio:.2f}", hits, file=sys.stderr)
    for kind, cells in rows.items():
        print(f"| {kind} |", " | ".join(cells), "|")
    print(f"\nunfiltered {AVERAGE(plain) * 1e3:.1f} ms; worst ratio {worst:.2f}")


def warm_up(index: VectorIndex, seconds: float) -> None:
    """Search until memory is filled, or a server has indexed what it was given."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        with suppress(TransientError):
            index.nearest(np.ones((1, DIMENSION), np.float32), 20)
            if time.monotonic() - began < 0.1:
                return
        time.sleep(1)


async def run(asked: argparse.Namespace) -> None:
    async with AsyncExitStack() as afterwards:
        if asked.catalog:
            await make_database(asked.catalog)
        if urlsplit(asked.index).scheme:
            from shared.vectors.milvus import databases  # noqa: PLC0415 - its client is an extra

            with suppress(TransientError):  # where an earlier run has left it
                await asyncio.to_thread(databases.make_database, asked.index)
            if not asked.leave:
                afterwards.callback(databases.drop_database, asked.index)
        if asked.catalog and not asked.leave:
            afterwards.push_async_callback(drop_database, asked.catalog)
        folder = afterwards.enter_context(tempfile.TemporaryDirectory())
        file = f"sqlite:///{asked.keep or folder}/catalog.db"
        catalog = await open_catalog(asked.catalog or file, MODEL)
        index = open_index(asked.index or file, MODEL, DIMENSION)
        afterwards.callback(index.close)
        if (await catalog.stats()).images < asked.count:
            began = time.perf_counter()
            images = await fill(catalog, index, asked.count)
            print(f"{asked.count / (time.perf_counter() - began):,.0f} rows/s", file=sys.stderr)
        else:
            images = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(asked.count)]
        await catalog.close()
        await asyncio.to_thread(warm_up, index, asked.settle)
        reader = await open_reader(asked.catalog or file, MODEL)
        afterwards.push_async_callback(reader.close)
        nothing: Any = SimpleNamespace()
        embedding: Any = SimpleNamespace(
            embedder=SimpleNamespace(model_id=MODEL, near_duplicate=0.8)
        )
        parts = Parts(nothing, reader, index, nothing, embedding)
        facts = Facts(reader)
        looks = Looks(index)
        queries = Queries(parts, facts, looks, Originals(nothing, reader, 2**20), 2**20)
        await measure(Searcher(parts, queries, facts, looks), images, asked)


def processor_time(*urls: str) -> tuple[Callable[[], float], Callable[[list[float]], float]]:
    """Count this process's time and that of the services; theirs in ticks, so means it must be."""
    ports = {urlsplit(url).port for url in urls} - {None}
    if not ports:
        return time.process_time, statistics.median
    services = [
        psutil.Process(one.pid)
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr.port in ports and one.pid
    ]

    def used() -> float:
        return time.process_time() + sum(sum(one.cpu_times()[:2]) for one in services)

    return used, statistics.fmean


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--catalog", default="", help="mysql://user:pw@host:3306/a_new_name")
    parser.add_argument("--index", default="", help="http://host:19530/a_new_name")
    parser.add_argument("--settle", type=float, default=300, help="seconds at most, to get warm")
    parser.add_argument("--keep", default="", help="a folder to keep the embedded catalog in")
    parser.add_argument("--leave", action="store_true", help="leave the databases for another run")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--cpu", action="store_true", help="count processor time")
    asked = parser.parse_args()
    if asked.cpu:
        global CLOCK, AVERAGE
        CLOCK, AVERAGE = processor_time(asked.catalog, asked.index)
    asyncio.run(run(asked))


if __name__ == "__main__":
    main()
