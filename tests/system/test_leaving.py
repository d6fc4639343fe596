"""A worker that is told to stop while its group is still sharing out the partitions."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from aiokafka import AIOKafkaConsumer

from shared.records import Event, Outcome
from shared.settings import Settings
from streams.app import Consumption, create_app
from streams.asking import Done
from streams.batches import Settled
from streams.client_log import hush_kafkas_client
from streams.dead_letters import DeadLetters
from streams.delivery import Delivery
from streams.kafka import kafka_address
from streams.membership import stop
from tests.system.desk import PARTITIONS, Desk
from tests.system.running import PATIENCE_S, eventually


def settings_of(desk: Desk) -> Settings:
    return Settings.model_validate(
        {
            "kafka_url": f"kafka://{desk.kafka}",
            "topic": desk.topic,
            "consumer_group": desk.settings["consumer_group"],
            "drain_s": 600,
        }
    )


async def nothing(event: Event, done: Done) -> None:
    """Settle nothing."""


class Member:
    """All of a worker that joins, drains and leaves, in a thread of this process.

    It settles nothing by itself; while it has something in its hands nobody may join its group.
    """

    def __init__(self, desk: Desk) -> None:
        settings = settings_of(desk)
        kafka = kafka_address(settings.kafka_url)
        letters = DeadLetters(kafka, "none")
        self._settles: list[Callable[[], None]] = []
        self._delivery = Delivery(self._offer, letters, buckets=[desk.bucket], in_flight=9)
        self._consumption = Consumption(settings, kafka, self._delivery)
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=asyncio.run, args=[self._run()])
        self._thread.start()

    @property
    def busy(self) -> bool:
        return bool(self._settles)

    @property
    def partitions(self) -> int:
        """How many are its own and not asked back."""
        return len(self._delivery.partitions) * self._delivery.joined

    def settle(self) -> None:
        """Let others join."""
        for settle in self._settles:
            self._loop.call_soon_threadsafe(settle)
        self._settles = []

    def stop(self) -> None:
        """Tell it to leave."""
        self._loop.call_soon_threadsafe(self._over.set)

    def leave(self) -> None:
        """See it leave."""
        if self._thread.is_alive():
            self.settle()
            self.stop()
            self._thread.join()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        consuming = asyncio.create_task(self._consumption.run())
        await self._over.wait()
        consuming.cancel()
        await asyncio.wait({consuming})

    async def _offer(self, event: Event, done: Done) -> None:
        self._settles.append(lambda: done(Settled(event, Outcome.INDEXED)))


@pytest.fixture
def busy(desk) -> Iterator[Member]:
    desk.make_topics()
    busy = Member(desk)
    desk.tell_of("a.jpg")
    eventually(lambda: busy.busy)
    yield busy
    busy.leave()


@pytest.fixture
def joining(desk, busy) -> Iterator[Member]:
    """One that waits until it may join."""
    joining = Member(desk)
    eventually(lambda: not busy.partitions)
    yield joining
    joining.leave()


def test_a_worker_told_to_stop_while_it_waits_to_join_ends(desk, busy):
    worker = desk.worker()
    eventually(lambda: not busy.partitions)
    assert worker.stop(within=60) == 0  # well before Kafka's client gives up waiting
    busy.settle()
    eventually(lambda: busy.partitions == PARTITIONS)


def test_one_given_partitions_while_it_stops_gives_them_back(desk, busy, joining):
    joining.stop()
    busy.settle()
    joining.leave()
    assert len(desk.members()) == 1
    eventually(lambda: busy.partitions == PARTITIONS)


def test_what_faust_closes_where_partitions_come_while_it_stops_keeps_nobody_in_the_group(desk):
    desk.make_topics()
    settings = settings_of(desk)
    kafka = kafka_address(settings.kafka_url)

    async def join_and_leave() -> None:
        delivery = Delivery(nothing, DeadLetters(kafka, "none"), buckets=[], in_flight=9)
        app = create_app(settings, kafka, delivery)
        await app.start()
        while len(delivery.partitions) < PARTITIONS:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
        app.consumer.close()
        assert await stop(app)

    asyncio.run(asyncio.wait_for(join_and_leave(), PATIENCE_S))
    assert desk.members() == []


def test_a_worker_in_whose_group_another_program_sits_says_why_it_cannot_join(desk, caplog):
    desk.make_topics()
    settings = settings_of(desk)
    kafka = kafka_address(settings.kafka_url)
    group = {"bootstrap_servers": desk.kafka, "group_id": settings.consumer_group}

    async def is_refused() -> None:
        delivery = Delivery(nothing, DeadLetters(kafka, "none"), buckets=[], in_flight=9)
        async with AIOKafkaConsumer(desk.topic, **group) as other:
            while not other.assignment():  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
            consuming = asyncio.create_task(Consumption(settings, kafka, delivery).run())
            while "SEENIT_CONSUMER_GROUP" not in caplog.text:  # noqa: ASYNC110 - nobody tells
                await asyncio.sleep(0.05)
            consuming.cancel()
            await asyncio.wait({consuming})

    with hushed():
        asyncio.run(asyncio.wait_for(is_refused(), PATIENCE_S))
    assert "InconsistentGroupProtocol" in caplog.text


@contextmanager
def hushed() -> Iterator[None]:
    """Kafka's client, as in a worker's process."""
    client = logging.getLogger("aiokafka")
    before = client.propagate, client.handlers
    hush_kafkas_client()
    try:
        yield
    finally:
        client.propagate, client.handlers = before
