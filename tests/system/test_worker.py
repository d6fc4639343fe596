"""`seenit worker` on the real services: told by MinIO itself, or by hand where that is better."""

import asyncio
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from minio import Minio
from minio.notificationconfig import NotificationConfig, QueueConfig

from shared.records import Outcome
from stack.registry import TOPIC, Stack
from tests.system import running
from tests.system.running import eventually, metric, verb

PARTITIONS = 8
KEYS = ["a b+c.jpg", "100%2F%25.jpg", "\N{GRINNING FACE}/e\u0301.jpg", "\u202egpj", "A", "a"]


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
    """A bucket, a topic, a group and a database of a test's own."""

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


@pytest.fixture
def desk(stack, stack_settings, tmp_path) -> Iterator[Desk]:
    desk = Desk(stack, stack_settings, tmp_path)
    yield desk
    desk.end()


def caught_up(*workers: Worker) -> Callable[[], bool]:
    """Whether these workers have all partitions, and nothing of them is left to do."""

    def holds() -> bool:
        told = [worker.status() for worker in workers]
        owned = sum(len(each["partitions"]) for each in told)
        return owned == PARTITIONS and not any(each["lag"] for each in told)

    return holds


def indexed(*workers: Worker) -> int:
    return sum(worker.outcomes()["indexed"] for worker in workers)


def test_what_is_put_into_the_bucket_is_indexed_and_what_is_removed_is_forgotten(desk, pictures):
    desk.listen_to_minio()
    worker = desk.worker()
    assert worker.get("/readyz").json() == {"status": "ready"}
    for key in KEYS:
        desk.put(key, pictures.one())
    desk.put("text.jpg", b"this is no picture")
    eventually(lambda: worker.outcomes()["indexed"] == len(KEYS))
    eventually(lambda: worker.outcomes()["rejected"] == 1)
    for key in KEYS:
        desk.minio.remove_object(desk.bucket, key)
    eventually(lambda: worker.outcomes()["removed"] == len(KEYS))
    eventually(caught_up(worker))
    assert worker.metric("seenit_lag_events") == 0
    assert worker.get("/livez").status_code == 200
    eventually(lambda: len(desk.offsets()) == PARTITIONS)  # the idle ones too
    assert worker.stop() == 0
    assert not any("Traceback" in line for line in worker.log), worker.log


def test_what_cannot_be_read_goes_to_the_dead_letters_and_holds_nothing_up(desk, pictures):
    desk.make_topics(partitions=1)
    worker = desk.worker()
    worker.address()
    desk.put("good.jpg", pictures.one())
    desk.put("bad.jpg", b"this is no picture")
    desk.tell(None, b"null", b"{", b"\xff", b'{"Records": [{}]}', b" " * 1_000_000)
    desk.tell_of("bad.jpg", "good.jpg")
    eventually(lambda: indexed(worker) == 1)
    eventually(lambda: desk.committed() == 8)
    letters = [(letter.value, dict(letter.headers)) for letter in desk.records("dead-letter")]
    assert [headers["reason"] for _, headers in letters[:6]] == [b"malformed"] * 6
    assert [headers["offset"] for _, headers in letters[:6]] == [b"%d" % n for n in range(6)]
    assert [value for value, _ in letters[:4]] == [None, b"null", b"{", b"\xff"]
    assert len(letters[5][0]) < 1_000_000
    assert letters[5][1]["cut_from"] == b"1000000"
    [(value, headers)] = letters[6:]
    assert json.loads(value)["Records"][0]["s3"]["object"]["key"] == "bad.jpg"
    assert (headers["reason"], headers["key"]) == (b"not_a_picture", b"bad.jpg")
    assert headers["topic"] == desk.topic.encode()
    assert headers.keys() >= {"partition", "time", "detail", "bucket"}


def test_what_a_killed_worker_had_in_its_hands_comes_again(desk, pictures):
    desk.make_topics()
    first = desk.worker()
    first.address()
    keys = [f"{n}.jpg" for n in range(200)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(first) > 0)
    first.kill()
    second = desk.worker()
    eventually(caught_up(second))
    assert desk.rows() == dict.fromkeys(keys, "indexed")


@pytest.mark.parametrize("without_cython", ["", "1"], ids=["stream in C", "stream in Python"])
def test_a_worker_told_to_stop_finishes_and_nothing_is_done_twice(
    desk, pictures, monkeypatch, without_cython
):
    monkeypatch.setenv("NO_CYTHON", without_cython)
    desk.make_topics()
    first = desk.worker(in_flight=64)
    first.address()
    keys = [f"{n}.jpg" for n in range(300)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(first) > 0)
    assert first.stop() == 0
    done = len(desk.rows())
    second = desk.worker()
    eventually(caught_up(second))
    assert desk.rows() == dict.fromkeys(keys, "indexed")
    assert done + indexed(second) == len(keys)


@pytest.mark.soak
def test_a_worker_told_to_stop_while_a_part_is_down_ends_in_time_and_loses_nothing(
    desk, pictures, stack
):
    desk.make_topics()
    first = desk.worker(drain_s=2)
    first.address()
    keys = [f"{n}.jpg" for n in range(40)]
    for key in keys:
        desk.put(key, pictures.one())
    stack.daemons["milvus"].kill()
    desk.tell_of(*keys)
    eventually(lambda: first.status()["waiting_for"] == ["index"])
    told = first.get("/readyz")
    assert (told.status_code, "index" in told.json()["waiting_for"]) == (503, True)
    assert first.get("/livez").status_code == 200
    assert first.stop() == 0
    assert desk.committed() == 0
    stack.daemons["milvus"].start()
    second = desk.worker()
    eventually(caught_up(second))
    assert desk.rows() == dict.fromkeys(keys, "indexed")


@pytest.mark.soak
def test_without_kafka_a_worker_waits_and_goes_on_and_can_be_stopped(desk, pictures, stack):
    desk.make_topics()
    workers = [desk.worker(), desk.worker()]
    eventually(caught_up(*workers))
    stack.daemons["kafka"].kill()
    for worker in workers:
        eventually(lambda worker=worker: worker.status()["waiting_for"] == ["kafka"])
        assert worker.get("/readyz").status_code == 503
        assert worker.get("/livez").status_code == 200
    stopped, waiting = workers
    assert stopped.stop() == 0
    stack.daemons["kafka"].start()
    keys = [f"{n}.jpg" for n in range(20)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(waiting) == len(keys))
    eventually(caught_up(waiting))
    assert waiting.stop() == 0


def test_a_topic_that_is_made_anew_is_consumed_from_its_beginning(desk, pictures):
    desk.make_topics()
    worker = desk.worker()
    worker.address()
    desk.put("old.jpg", pictures.one())
    desk.tell_of(*["old.jpg"] * 50)
    eventually(lambda: desk.committed() == 50)
    desk.drop_topic()
    desk.make_topics()
    desk.put("new.jpg", pictures.one())
    desk.tell_of("new.jpg")
    eventually(lambda: indexed(worker) == 2)


def test_workers_share_the_partitions_and_take_over_from_each_other(desk, pictures):
    desk.make_topics()
    workers = [desk.worker(), desk.worker()]
    eventually(lambda: [len(w.status()["partitions"]) for w in workers] == [4, 4])
    keys = [f"{n}.jpg" for n in range(200)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(*workers) > 20)
    leaving, staying = workers
    assert leaving.stop() == 0
    eventually(caught_up(staying))
    assert desk.rows() == dict.fromkeys(keys, "indexed")


def test_nothing_but_poison_stops_the_worker_and_what_is_left_is_kept(desk):
    desk.make_topics()
    worker = desk.worker()
    worker.address()
    keys = [f"{n}.jpg" for n in range(600)]
    for key in keys:
        desk.put(key, f"no picture {key}".encode())
    desk.tell_of(*keys)
    assert worker.wait(90) == 1
    [line] = [line for line in worker.log if "SEENIT_REJECTION_LIMIT" in line]
    assert "200 of the last 200 objects read were rejected" in line
    assert not any("Traceback" in line for line in worker.log), worker.log
    assert 200 <= len(desk.rows()) < 600
    assert 0 <= desk.committed() < 600


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({}, "SEENIT_KAFKA_URL"),
        ({"kafka_url": "http://127.0.0.1:9092"}, "SEENIT_KAFKA_URL"),
        ({"kafka_url": "kafka://127.0.0.1:9092"}, "SEENIT_STORAGE_URL"),
        ({"kafka_url": "kafka://127.0.0.1:9092", "in_flight": "0"}, "SEENIT_IN_FLIGHT"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_by_name(settings, option):
    assert option in verb("worker", exit_code=2, **settings).output
