"""A bucket, a topic, a group and a database of a test's own, and the workers at them."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable
from io import BytesIO

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from minio import Minio
from minio.notificationconfig import NotificationConfig, QueueConfig

from shared.records import Outcome
from stack.registry import TOPIC, Stack
from tests.system import running
from tests.system.running import metric

PARTITIONS = 8


class Worker(running.Worker):
    """One that is asked how far it is."""

    def wait(self, within: float) -> int:
        """Let it end by itself; returns its exit code."""
        return self._ended(within)

    def status(self) -> dict:
        return self.get("/status").json()

    def outcomes(self) -> Counter[str]:
        page = self.get("/metrics").text
        return Counter({o: int(metric(page, "seenit_outcomes_total", outcome=o)) for o in Outcome})


class Desk:
    """What one test has to itself on services that many share."""

    def __init__(self, stack: Stack, settings: dict[str, str], folder) -> None:
        mark = uuid.uuid4().hex[:12]
        self.stack = stack
        self.folder = folder
        self.database = f"worker_{mark}"
        self.bucket = f"worker-{mark}"
        self.topic = f"worker.{mark}"
        self.kafka = stack.kafka.address
        self.minio = Minio(
            stack.minio.address, stack.minio.access_key, stack.minio.secret_key, secure=False
        )
        self.settings: dict[str, object] = {
            **{name: value for name, value in settings.items() if "search" not in name},
            "buckets": self.bucket,
            "topic": self.topic,
            "consumer_group": f"worker-{mark}",
            "catalog_url": f"{stack.mysql.url}/{self.database}",
        }
        self.workers: list[Worker] = []
        self.minio.make_bucket(self.bucket)
        connection = stack.mysql.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {self.database}")

    def listen_to_minio(self) -> None:
        """Have MinIO tell of the bucket; where it tells of all buckets is settled."""
        self.topic = self.settings["topic"] = TOPIC
        self.make_topics()
        told = QueueConfig(
            events=["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
            queue="arn:minio:sqs::direct:kafka",
        )
        config = NotificationConfig(queue_config_list=[told])
        self.minio.set_bucket_notification(self.bucket, config)

    def make_topics(self, partitions: int = PARTITIONS) -> None:
        async def make() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
            await admin.start()
            wanted = {self.topic: partitions, f"{self.topic}.dead-letter": 1}
            missing = wanted.keys() - await admin.list_topics()
            if missing:
                await admin.create_topics([NewTopic(name, wanted[name], 1) for name in missing])
            await admin.close()

        asyncio.run(make())

    def worker(self, **settings: object) -> Worker:
        self.workers.append(Worker(self.folder, **{**self.settings, **settings}))
        return self.workers[-1]

    def put(self, key: str, data: bytes) -> None:
        self.minio.put_object(self.bucket, key, BytesIO(data), len(data))

    def drop_topic(self) -> None:
        async def drop() -> None:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
            await admin.start()
            await admin.delete_topics([self.topic])
            while self.topic in await admin.list_topics():  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(0.1)
            await admin.close()

        asyncio.run(drop())

    def tell(self, *messages: bytes | None) -> None:
        """Write messages to the topic, as a bucket would."""

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.kafka) as producer:
                for message in messages:
                    await producer.send(self.topic, message, key=b"images/a.jpg")

        asyncio.run(send())

    def tell_of(self, *keys: str) -> None:
        self.tell(
            *(
                json.dumps(
                    {
                        "Records": [
                            {
                                "eventName": "s3:ObjectCreated:Put",
                                "s3": {"bucket": {"name": self.bucket}, "object": {"key": key}},
                            }
                        ]
                    }
                ).encode()
                for key in keys
            )
        )

    def records(self, of: str) -> list:
        """Read what is in the one partition of a topic beside the desk's own."""

        async def read() -> list:
            place = TopicPartition(f"{self.topic}.{of}", 0)
            async with AIOKafkaConsumer(bootstrap_servers=self.kafka) as consumer:
                consumer.assign([place])
                await consumer.seek_to_beginning(place)
                end = (await consumer.end_offsets([place]))[place]
                found: list = []
                while await consumer.position(place) < end:
                    for some in (await consumer.getmany(timeout_ms=500)).values():
                        found += some
                return found

        return asyncio.run(read())

    def offsets(self) -> list[int]:
        """Tell what is committed of each partition of which anything is."""

        async def ask() -> list[int]:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
            await admin.start()
            told = await admin.list_consumer_group_offsets(self.settings["consumer_group"])
            await admin.close()
            return [offset.offset for offset in told.values()]

        return asyncio.run(ask())

    def members(self) -> list[str]:
        """Name those who share the partitions."""

        async def ask() -> list[str]:
            admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka)
            await admin.start()
            (told,) = await admin.describe_consumer_groups([self.settings["consumer_group"]])
            await admin.close()
            (group,) = told.groups
            return [member[0] for member in group[-1]]

        return asyncio.run(ask())

    def committed(self) -> int:
        """Count the messages that are acknowledged for good."""
        return sum(self.offsets())

    def rows(self) -> dict[str, str]:
        """What the catalog says of each key."""
        connection = self.stack.mysql.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SELECT `key`, state FROM {self.database}.objects")
            return {key.decode(): state for key, state in cursor.fetchall()}

    def end(self) -> None:
        for worker in self.workers:
            worker.end()
            print(*worker.log, sep="\n")  # noqa: T201 - for whoever looks at a failure


def caught_up(*workers: Worker) -> Callable[[], bool]:
    """Whether these workers have all partitions, and nothing of them is left to do."""

    def holds() -> bool:
        told = [worker.status() for worker in workers]
        owned = sum(len(each["partitions"]) for each in told)
        return owned == PARTITIONS and not any(each["lag"] for each in told)

    return holds


def indexed(*workers: Worker) -> int:
    return sum(worker.outcomes()["indexed"] for worker in workers)
