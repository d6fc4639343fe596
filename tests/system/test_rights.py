"""What the manifests let Kafka's users do is enough for all that Seenit does."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, errors

from stack.daemon import Daemon
from streams.kafka import kafka_address
from tests.system.buckets import Bucket
from tests.system.guarded_kafka import GuardedKafka
from tests.system.running import Worker, eventually

pytestmark = pytest.mark.soak

TOPIC = "seenit.notifications"


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[GuardedKafka]:
    kafka = GuardedKafka()
    daemon = Daemon(kafka, tmp_path, bound=True)
    daemon.start()
    kafka.admit()
    yield kafka
    daemon.stop(patience_s=2)


def tell(url: str, topic: str) -> None:
    """Write what is no notification, as the user whom an address names."""

    async def send() -> None:
        async with AIOKafkaProducer(**kafka_address(url).client_options()) as producer:
            await producer.send_and_wait(topic, b"no notification")

    asyncio.run(send())


def test_setup_worker_and_store_may_do_all_that_they_do(own_settings, guarded, pictures, tmp_path):
    settings = own_settings | {"topic": TOPIC, "consumer_group": "seenit"}
    as_setup = settings | {"kafka_url": guarded.url("seenit-setup")}
    for partitions, did in (("3", ["made", "made"]), ("4", ["changed", "was there"])):
        bucket = Bucket(as_setup | {"partitions": partitions})
        steps = bucket.told("setup")["steps"]
        assert [step["did"] for step in steps if step["part"] == "topic"] == did
    bucket.put("a.jpg", pictures.one())  # found by comparing, as the store tells another Kafka

    worker = Worker(tmp_path, **settings | {"kafka_url": guarded.url("seenit-worker")})
    try:
        worker.address()
        eventually(lambda: worker.metric("seenit_outcomes_total", outcome="indexed") == 1)
        tell(guarded.url("seenit-store"), TOPIC)
        eventually(lambda: worker.metric("seenit_rejections_total", reason="malformed") == 1)
        eventually(lambda: worker.metric("seenit_lag_events") == 0)
        told = Bucket(settings | {"kafka_url": guarded.url("seenit-worker")}).told("status")
        assert told["health"]["kafka"].startswith("ok"), told
    finally:
        worker.end()
        print(*worker.log, sep="\n")  # noqa: T201 - for whoever looks at a failure
    with pytest.raises(errors.TopicAuthorizationFailedError):
        tell(guarded.url("seenit-store"), f"{TOPIC}.dead-letter")
