"""Events put on the topic: never too many ahead of the workers, and awaited to the last."""

import asyncio
from collections import Counter
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaTimeoutError

from shared.errors import TransientError
from shared.records import Event, ObjectRef
from streams import feed as page
from streams.feed import AHEAD, PORTION, Feed
from streams.lag import Lag, PartitionLag
from streams.notifications import read

PARTITIONS = 3


class Topic:
    """A topic and a group that reads it, as far as a feed sees them."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, bytes, bytes]] = []
        self.ends: Counter[int] = Counter()
        self.done: Counter[int] = Counter()
        self.most_ahead = 0
        self.broken = False

    async def send(self, topic, value, key):
        assert topic == "events"
        partition = sum(key) % PARTITIONS
        offset = self.ends[partition]
        self.ends[partition] += 1
        self.messages.append((partition, key, value))
        self.most_ahead = max(self.most_ahead, self.ends.total() - self.done.total())
        arrived = asyncio.get_running_loop().create_future()
        if self.broken:
            arrived.set_exception(KafkaTimeoutError("away"))
        else:
            arrived.set_result(SimpleNamespace(partition=partition, offset=offset))
        return arrived

    async def lag(self) -> Lag:
        return Lag(
            tuple(
                PartitionLag(n, self.done[n], self.ends[n], self.ends[n] - self.done[n])
                for n in range(PARTITIONS)
            )
        )

    async def work(self) -> None:
        """Do what there is, a little at a time."""
        while True:
            await asyncio.sleep(0)
            for n in range(PARTITIONS):
                self.done[n] = min(self.ends[n], self.done[n] + 400)


def event(n: int) -> Event:
    return Event(ObjectRef("images", f"{n}.jpg"), 1.5, "etag", n, again=n % 2 == 0)


@pytest.fixture
def topic(monkeypatch):
    monkeypatch.setattr(page, "LOOK_S", 0)
    return Topic()


@pytest.fixture
def feed(topic):
    return Feed(topic, topic.lag, "events")


async def test_each_event_arrives_whole_and_those_of_one_object_in_one_partition(topic, feed):
    for n in (1, 2, 1):
        await feed.offer(event(n))
    assert [read(value, ["images"]).events for *_, value in topic.messages] == [
        [event(1)], [event(2)], [event(1)],
    ]  # fmt: skip
    assert topic.messages[0][:2] == topic.messages[2][:2]
    assert topic.messages[0][1] == b"images/1.jpg"


async def test_it_never_runs_far_ahead_of_what_the_workers_have_done(topic, feed):
    async def offer() -> None:
        for n in range(3 * AHEAD):
            await feed.offer(event(n))

    offering = asyncio.create_task(offer())
    for _ in range(100):
        await asyncio.sleep(0)
    assert not offering.done(), "nobody works"
    working = asyncio.create_task(topic.work())
    await offering
    await feed.idle()
    assert topic.done.total() == 3 * AHEAD
    assert AHEAD - PORTION < topic.most_ahead <= AHEAD
    working.cancel()


async def test_the_backlog_of_others_counts_too(topic, feed):
    topic.ends[0] = AHEAD
    offering = asyncio.create_task(feed.offer(event(1)))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not offering.done()
    topic.done[0] = AHEAD
    await offering


async def test_idle_waits_for_its_own_events_and_not_for_later_ones(topic, feed):
    await feed.offer(event(1))
    (partition, *_), *_ = topic.messages
    waiting = asyncio.create_task(feed.idle())
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    topic.ends[partition] += 1000
    topic.done[partition] = 1
    await waiting


async def test_idle_does_not_wait_for_what_was_wiped_with_its_topic(topic, feed):
    for n in range(30):
        await feed.offer(event(n))
    topic.ends.clear()
    await feed.idle()


async def test_what_kafka_did_not_take_is_told_at_the_latest_when_idle(topic, feed):
    topic.broken = True
    await feed.offer(event(1))
    with pytest.raises(TransientError, match="kafka"):
        await feed.idle()
