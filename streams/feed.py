"""Events put among the bucket's notifications, so that all workers share the work of one's finding.

Kafka keeps them: nothing is lost when the one that found them dies.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.records import Event
from streams.administration import connected, kafka_faults
from streams.kafka import Kafka
from streams.lag import Lag, open_lag
from streams.notifications import look
from streams.patience import patiently

AHEAD = 10_000
"""How far the topic may be ahead of what the workers have done, for more to be put there."""

PORTION = 500
LOOK_S = 0.5


class Feed:
    """A taker of events (`streams.reconcile.Taker`) that hands them to all workers."""

    def __init__(
        self, producer: AIOKafkaProducer, read_lag: Callable[[], Awaitable[Lag]], topic: str
    ) -> None:
        self._producer = producer
        self._read_lag = read_lag
        self._topic = topic
        self._under_way: list[asyncio.Future[Any]] = []
        self._last: dict[int, int] = {}

    async def offer(self, event: Event) -> None:
        """Put an event on the topic; waits while the workers are too far behind.

        Raises:
            TransientError: Kafka did not take it, or one before it.
        """
        if len(self._under_way) >= PORTION:
            await self._arrived()
        if not self._under_way:
            while (await patiently(self._read_lag)).total > AHEAD - PORTION:  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(LOOK_S)
        key = event.ref.bucket.encode() + b"/" + event.ref.key_bytes
        with kafka_faults():
            sent = await self._producer.send(self._topic, value=look(event), key=key)
        self._under_way.append(sent)

    async def idle(self) -> None:
        """Wait until the workers are done with all that was put there.

        Raises:
            TransientError: Kafka did not take something.
        """
        await self._arrived()
        while self._last:
            lag = await patiently(self._read_lag)
            done = {each.partition: max(each.committed or 0, 0) for each in lag.partitions}
            ends = {each.partition: each.end for each in lag.partitions}
            # What the topic no longer holds, as where it was made anew, nobody will ever do.
            self._last = {
                number: offset
                for number, offset in self._last.items()
                if done.get(number, 0) <= offset < ends.get(number, 0)
            }
            if self._last:
                await asyncio.sleep(LOOK_S)

    async def _arrived(self) -> None:
        """Wait until Kafka has all that was sent."""
        sent, self._under_way = self._under_way, []
        with kafka_faults():
            for told in await asyncio.gather(*sent):
                self._last[told.partition] = max(told.offset, self._last.get(told.partition, -1))


@asynccontextmanager
async def open_feed(kafka: Kafka, topic: str, group: str) -> AsyncIterator[Feed]:
    """Connect to feed the workers of a consumer group.

    Raises:
        TransientError: the cluster does not answer.
    """
    producer = connected(AIOKafkaProducer, kafka, acks="all", linger_ms=20)
    async with open_lag(kafka, topic, group) as read_lag, producer as client:
        yield Feed(client, read_lag, topic)
