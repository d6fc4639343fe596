"""Workers on the real services, in this process: none is told of anything but by a comparison.

The bucket sends no notifications; so all that is found is found as if they had been dropped.
"""

import asyncio
import io
import json
import uuid
from collections.abc import Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing, suppress

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from minio import Minio
from prometheus_client import REGISTRY
from pymilvus import MilvusClient, MilvusException

from shared.catalog.open import open_catalog
from shared.digests import image_digest
from shared.embedding.service import EmbeddingService
from shared.images.decoder import Decoder
from shared.settings import Settings
from shared.storage.open import open_store
from shared.vectors.milvus import MilvusIndex, collection_name
from streams.parts import Adapters, assemble
from streams.topics import make_topic, topics_of
from streams.worker import Worker
from tests.fakes import ThumbnailEmbedder
from tests.pipeline.conftest import picture
from tests.system.running import PATIENCE_S

PARTITIONS = 4
DAY_S = 86_400


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110 - services tell nobody
            await asyncio.sleep(0.1)


def answers(part: str) -> bool:
    """Tell whether a part answered the worker when it last asked."""
    return REGISTRY.get_sample_value("seenit_answering", {"part": part}) == 1


class Place:
    """A bucket, a topic, a database and a collection of a test's own."""

    def __init__(self, stack, settings: dict[str, str]) -> None:
        mark = uuid.uuid4().hex[:12]
        self.stack = stack
        self.bucket = f"keeping-{mark}"
        self.database = f"keeping_{mark}"
        self.model_id = f"thumbnail-512-{mark}"
        self.s3 = Minio(
            stack.minio.address, stack.minio.access_key, stack.minio.secret_key, secure=False
        )
        self.s3.make_bucket(self.bucket)
        self.sql(f"CREATE DATABASE {self.database}")
        self.settings = Settings(
            **{name: value for name, value in settings.items() if "search" not in name}
            | {
                "buckets": self.bucket,
                "topic": f"keeping.{mark}",
                "consumer_group": f"keeping-{mark}",
                "catalog_url": f"{stack.mysql.url}/{self.database}",
                "reconcile_s": 1,
                "worker_port": 0,
            },
            _env_file=None,
        )
        self.put: dict[str, bytes] = {}

    def sql(self, *statements: str) -> list:
        connection = self.stack.mysql.connect()
        with connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            connection.commit()
            return list(cursor.fetchall())

    async def make_topics(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.stack.kafka.address)
        await admin.start()
        for topic in topics_of(self.settings.topic, PARTITIONS, 1):
            await make_topic(admin, topic)
        await admin.close()

    def fill(self, *names: str, shade: int = 0) -> None:
        for n, name in enumerate(names):
            data = picture((shade, n % 256, n // 256))
            self.s3.put_object(self.bucket, name, io.BytesIO(data), len(data))
            self.put[name] = data

    def remove(self, *names: str) -> None:
        for name in names:
            self.s3.remove_object(self.bucket, name)
            del self.put[name]

    def wanted(self) -> dict[str, str]:
        return {name: image_digest(data) for name, data in self.put.items()}

    def rows(self) -> dict[str, str]:
        place = f"FROM {self.database}.objects WHERE state = 'indexed'"
        return {bytes(key).decode(): str(image_id) for key, image_id in self.sql(
            f"SELECT `key`, image_id {place}"
        )}  # fmt: skip

    def vectors(self) -> list[str]:
        """Name every vector, doubles and all, by the index's own primary keys."""
        with closing(MilvusClient(self.settings.index_url)) as client:
            with suppress(MilvusException):  # there is no collection at this moment
                rows = client.query(
                    collection_name(self.model_id),
                    filter="image_id != ''",
                    limit=1000,
                    output_fields=["image_id"],
                    consistency_level="Strong",
                )
                return [row["image_id"] for row in rows]
            return []

    def is_right(self) -> bool:
        images = sorted(set(self.wanted().values()))
        return self.rows() == self.wanted() and sorted(self.vectors()) == images

    async def is_made_right(self) -> None:
        await until(self.is_right)

    @asynccontextmanager
    async def worker(self, **settings):
        """A worker with a model that takes no time."""
        chosen = self.settings.model_copy(update=settings)
        embedder = ThumbnailEmbedder()
        embedder.model_id = self.model_id
        async with AsyncExitStack() as stack:
            catalog = await open_catalog(chosen.catalog_url, self.model_id)
            stack.push_async_callback(catalog.close)
            index = await asyncio.to_thread(MilvusIndex, chosen.index_url, self.model_id, 512)
            stack.enter_context(closing(index))
            decoder = await stack.enter_async_context(aclosing(Decoder(processes=1)))
            embedding = stack.enter_context(closing(EmbeddingService(embedder)))
            adapters = Adapters(open_store(chosen), catalog, index, decoder, embedding)
            worker = Worker(chosen, stack.enter_context(assemble(adapters, chosen)))
            joined = asyncio.Event()
            task = asyncio.create_task(worker.run(joined.set))
            try:
                await joined.wait()
                yield worker
            finally:
                await worker.stop()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def place(stack, stack_settings):
    made = Place(stack, stack_settings)
    await made.make_topics()
    yield made
    made.sql(f"DROP DATABASE {made.database}")
    with closing(MilvusClient(made.settings.index_url)) as client:
        alias = collection_name(made.model_id)
        if client.has_collection(alias):
            client.drop_alias(alias)
            client.drop_collection(f"{alias}_1")


async def test_a_full_bucket_is_shared_by_all_workers_and_kept_up_without_notifications(place):
    async with place.worker() as one, place.worker() as two:
        await until(lambda: one.status()["partitions"] and two.status()["partitions"])
        await asyncio.to_thread(place.fill, *(f"p{n:03}.png" for n in range(150)))
        await place.is_made_right()
        kept = [worker.status()["housekeeping"] for worker in (one, two)]
        assert [keeping["leading"] for keeping in kept].count(True) == 1
        settled = [worker.status()["settled"] for worker in (one, two)]
        assert sum(settled) == 150
        place.fill("new.png", "p001.png", shade=200)
        place.remove("p000.png", "p002.png")
        await until(lambda: place.rows() == place.wanted())
    assert 0 < settled[0] < 150


@pytest.mark.soak
async def test_an_emptied_index_and_an_emptied_catalog_are_filled_again_without_doubles(place):
    place.fill(*(f"p{n:03}.png" for n in range(40)))
    async with place.worker() as worker:
        await place.is_made_right()
        with closing(MilvusClient(place.settings.index_url)) as client:
            alias = collection_name(place.model_id)
            client.delete(alias, filter="image_id != ''")
            await place.is_made_right()
            client.drop_alias(alias)
            client.drop_collection(f"{alias}_1")
        await place.is_made_right()
        database = place.database
        place.sql(f"DELETE FROM {database}.objects", f"DELETE FROM {database}.images")
        await place.is_made_right()
        await until(lambda: worker.status()["housekeeping"].get("drift") == 0)
        json.dumps(worker.status())


async def test_a_store_that_was_away_is_compared_with_as_soon_as_it_is_back(place):
    place.fill("before.png")
    async with place.worker(reconcile_s=DAY_S) as worker:
        await place.is_made_right()
        await until(lambda: worker.status()["housekeeping"].get("drift") is not None)
        place.fill("untold.png", shade=99)
        store = place.stack.daemons["minio"]
        await until(lambda: answers("store"))
        await asyncio.to_thread(store.kill)
        await until(lambda: not answers("store"))
        await asyncio.to_thread(store.start)
        await place.is_made_right()


async def test_a_bucket_swapped_behind_its_back_is_asked_about(place, caplog):
    place.fill(*(f"p{n:03}.png" for n in range(20)))
    async with place.worker() as worker:
        await place.is_made_right()
        gone = dict(place.put)
        place.remove(*gone)
        place.fill("another.png", shade=99)
        await until(lambda: len(place.rows()) == 21)
        await until(lambda: worker.status()["housekeeping"]["held_back"] == 20)
        await until(lambda: "seenit reconcile --force" in caplog.text)
        assert "20 of 2" in worker.status()["housekeeping"]["question"]
    async with place.worker(removal_guard=1.0):
        await until(lambda: set(place.rows()) == {"another.png"})
