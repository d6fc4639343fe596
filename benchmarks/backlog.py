"""A long backlog: the worker's memory, how the lag falls, and search meanwhile.

    set -a; . .stack/env; set +a
    .venv/bin/python benchmarks/backlog.py --objects 2000 --notifications 50000

Uploads small pictures, sends their notifications to Kafka many times over in any order, and then
starts a worker and a search server; asks that once a second for a picture.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import io
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families

from seenit.benchmark.bucket import Bench
from seenit.benchmark.consuming import What, consuming
from seenit.benchmark.ground import own_ground
from shared.settings import Settings, load_settings
from shared.storage.s3.address import storage_address
from streams.administration import connected
from streams.kafka import kafka_address
from streams.lag import open_lag
from streams.looking_back import ends, sent_since

EVERY_S = 1.0
OWN = ("buckets", "consumer_group", "catalog_url", "index_url")


def small_pictures(count: int = 20) -> list[bytes]:
    """Make pictures that are quickly decoded."""
    die = np.random.default_rng(0)
    files = [io.BytesIO() for _ in range(count)]
    for file in files:
        tiles = die.integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(tiles).resize((160, 120)).save(file, "JPEG")
    return [file.getvalue() for file in files]


def index(settings: Settings, count: int) -> None:
    """Have a worker index what was uploaded."""
    with consuming(settings, []) as worker:
        worker.found(count)


async def send(settings: Settings, messages: Sequence[ConsumerRecord]) -> None:
    """Send messages once more, each to the partition it was on."""
    kafka = kafka_address(settings.kafka_url)
    async with connected(AIOKafkaProducer, kafka, linger_ms=20) as producer:
        for one in messages:
            await producer.send(one.topic, one.value, one.key, partition=one.partition)
        await producer.flush()


async def lag(settings: Settings) -> int:
    """Count the notifications that are not done."""
    kafka = kafka_address(settings.kafka_url)
    async with open_lag(kafka, settings.topic, settings.consumer_group) as read:
        return (await read()).total


def requests(settings: Settings) -> dict[str, int]:
    """Count the requests for the bucket, as MinIO does."""
    address = storage_address(settings.storage_url)
    claims = {"sub": settings.s3_access_key, "iss": "prometheus", "exp": int(time.time()) + 60}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in ({"alg": "HS512", "typ": "JWT"}, claims)
    ]
    secret = settings.s3_secret_key.get_secret_value().encode()
    signature = hmac.digest(secret, b".".join(parts), hashlib.sha512)
    token = b".".join([*parts, base64.urlsafe_b64encode(signature).rstrip(b"=")]).decode()
    reply = httpx.get(
        f"{address.scheme}://{address.netloc}/minio/v2/metrics/bucket",
        headers={"Authorization": f"Bearer {token}"},
        timeout=60,
    ).raise_for_status()
    counted = Counter({"getobject": 0, "headobject": 0})
    for family in text_string_to_metric_families(reply.text):
        for sample in family.samples:
            if (
                sample.name == "minio_bucket_requests_total"
                and sample.labels["bucket"] == settings.buckets[0]
            ):
                counted[sample.labels["api"]] += int(sample.value)
    return dict(counted)


@contextmanager
def search_server(settings: Settings) -> Iterator[str]:
    """Run `seenit serve`; yields its address."""
    own = {f"SEENIT_{name.upper()}": getattr(settings, name) for name in OWN}
    own["SEENIT_BUCKETS"] = ",".join(settings.buckets)
    environment = os.environ | own | {"SEENIT_SEARCH_USER": "", "SEENIT_PORT": "0"}
    command = [sys.executable, "-m", "seenit", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            for line in process.stdout or ():
                if found := re.search(r"http://\S+", line):
                    break
            yield found[0]
        finally:
            process.terminate()


def resident() -> float:
    """Add up the memory of the worker and its decoding processes, in MiB."""
    total = 0
    for process in psutil.Process().children(recursive=True):
        command = " ".join(process.cmdline())
        if "spawn_main" in command or "images.child" in command:
            total += process.memory_info().rss
    return total / 2**20


async def sample(settings: Settings, url: str, query: bytes) -> list[dict[str, float]]:
    """Look every second until the backlog is worked off."""
    samples: list[dict[str, float]] = []
    kafka, began = kafka_address(settings.kafka_url), time.monotonic()
    async with (
        httpx.AsyncClient(base_url=url, timeout=60) as api,
        open_lag(kafka, settings.topic, settings.consumer_group) as read,
    ):
        while not samples or samples[-1]["lag"]:
            asked = time.monotonic()
            (
                await api.post("/v1/search", files={"image": query + os.urandom(8)})
            ).raise_for_status()
            answered = time.monotonic() - asked
            samples.append(
                {
                    "at": time.monotonic() - began,
                    "lag": (await read()).total,
                    "mib": resident(),
                    "search_ms": 1000 * answered,
                }
            )
            await asyncio.sleep(EVERY_S)
    return samples


async def measure(objects: int, notifications: int) -> dict[str, object]:
    """Make the backlog and have it worked off."""
    pictures = small_pictures()
    async with own_ground(load_settings()) as ground:
        settings = ground.model_copy(update={"worker_port": 0})
        kafka = kafka_address(settings.kafka_url)
        with tempfile.TemporaryDirectory(prefix="seenit-backlog-") as place:
            since = await ends(kafka, settings.topic)
            bench = Bench(settings, None, pictures, Path(place))
            await asyncio.to_thread(bench.upload, "0", objects)
        while await lag(settings) < objects:  # noqa: ASYNC110 - MinIO and Kafka tell nobody
            await asyncio.sleep(1)
        messages = await sent_since(kafka, since)
        ours = [one for one in messages if settings.buckets[0].encode() in one.value]
        await send(settings, random.choices(ours, k=notifications - len(ours)))
        with search_server(settings) as url, consuming(settings, []) as worker:
            await asyncio.to_thread(worker.first, What.LOOKING)
            samples = await sample(settings, url, pictures[0])
    return told(samples, objects, notifications)


def told(samples: list[dict[str, float]], objects: int, notifications: int) -> dict[str, object]:
    """Sum the samples up."""
    lags = [each["lag"] for each in samples]
    quarters = [samples[len(samples) * part // 4 - (part == 4)]["mib"] for part in range(5)]
    searches = [each["search_ms"] for each in samples]
    return {
        "objects": objects,
        "notifications": notifications,
        "seconds": round(samples[-1]["at"], 1),
        "lag": [int(each) for each in lags[:: max(1, len(lags) // 10)]],
        "lag_rises": sum(b > a for a, b in itertools.pairwise(lags)),
        "mib_at_quarters": [round(each) for each in quarters],
        "mib_most": round(max(each["mib"] for each in samples)),
        "search_p50_ms": round(float(np.percentile(searches, 50)), 1),
        "search_max_ms": round(max(searches), 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=2000)
    parser.add_argument("--notifications", type=int, default=50_000)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(measure(given.objects, given.notifications)), indent=2))
