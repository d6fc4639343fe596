"""Where a benchmark of the distributed system happens: all of its own, gone afterwards."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

from seenit.setting_up import Setup
from shared.catalog import dropping as catalog
from shared.errors import SeenitError
from shared.settings import Settings
from shared.steps import Did
from shared.storage.s3.dropping import drop_bucket
from shared.vectors.milvus import databases as index
from streams.kafka import kafka_address
from streams.looking_back import begin_at_end


@asynccontextmanager
async def own_ground(settings: Settings) -> AsyncIterator[Settings]:
    """Make a bucket, a consumer group and databases that nobody uses; yields what leads to them.

    The topic is the settings' own, as the store's notifications go there; Kafka forgets the group
    by itself.

    Raises:
        SeenitError: a part refuses, or does not answer.
    """
    name = f"seenit-bench-{secrets.token_hex(4)}"
    database = name.replace("-", "_")
    ours = settings.model_copy(
        update={
            "buckets": (name,),
            "consumer_group": name,
            "catalog_url": _with_path(settings.resolved_catalog_url, database),
            "index_url": _with_path(settings.resolved_index_url, database),
            "search_user": "",
        }
    )
    kafka = kafka_address(ours.kafka_url)
    async with AsyncExitStack() as afterwards:
        await asyncio.to_thread(index.make_database, ours.index_url)
        afterwards.push_async_callback(asyncio.to_thread, index.drop_database, ours.index_url)
        for task in Setup(ours).tasks():
            step = await task.attempt()
            if step.did in {Did.REFUSED, Did.FAILED}:
                raise SeenitError(f"{step.part} {step.name}: {step.detail}")
            if step.did is Did.MADE and step.part == "bucket":
                afterwards.push_async_callback(asyncio.to_thread, drop_bucket, ours, name)
            if step.did is Did.MADE and step.part == "database":
                afterwards.push_async_callback(catalog.drop_database, ours.catalog_url)
        await begin_at_end(kafka, ours.topic, name)
        yield ours


def _with_path(url: str, path: str) -> str:
    return urlsplit(url)._replace(path=f"/{path}").geturl()
