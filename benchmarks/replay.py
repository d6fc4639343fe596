"""What it costs to get all notifications once more.

    set -a; . .stack/env; set +a
    .venv/bin/python benchmarks/replay.py --count 1000

Has a worker index small pictures, sends all their notifications to Kafka again and waits until they
are done. MinIO itself counts the requests; the rows are counted and their moments compared.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from backlog import index, lag, requests, send, small_pictures

from seenit.benchmark.bucket import Bench
from seenit.benchmark.consuming import consuming
from seenit.benchmark.ground import own_ground
from shared.catalog.open import open_reader
from shared.settings import Settings, load_settings
from streams.kafka import kafka_address
from streams.looking_back import ends, sent_since


async def rows(settings: Settings) -> tuple[int, int, str]:
    """Count objects and images, and tell when the last was written."""
    reader = await open_reader(settings.catalog_url)
    try:
        stats = await reader.stats()
        return stats.objects, stats.images, str(stats.newest)
    finally:
        await reader.close()


async def measure(count: int) -> dict[str, object]:
    """Index, replay, and tell what the replay cost."""
    async with own_ground(load_settings()) as ground:
        settings = ground.model_copy(update={"worker_port": 0})
        with tempfile.TemporaryDirectory(prefix="seenit-replay-") as place:
            since = await ends(kafka_address(settings.kafka_url), settings.topic)
            bench = Bench(settings, None, small_pictures(), Path(place))
            await asyncio.to_thread(bench.upload, "0", count)
        await asyncio.to_thread(index, settings, count)
        before, requests_before = await rows(settings), requests(settings)
        messages = await sent_since(kafka_address(settings.kafka_url), since)
        ours = [one for one in messages if settings.buckets[0].encode() in one.value]
        await send(settings, ours)
        with consuming(settings, []):
            while await lag(settings):  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(1)
        after, requests_after = await rows(settings), requests(settings)
    made = {
        name: requests_after[name] - requests_before[name] for name in ("getobject", "headobject")
    }
    return {
        "objects": count,
        "notifications_replayed": len(ours),
        "requests_while_indexing": requests_before,
        "requests_while_replaying": made,
        "rows_before": before,
        "rows_after": after,
        "rows_written": before != after,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    print(json.dumps(asyncio.run(measure(parser.parse_args().count)), indent=2))
