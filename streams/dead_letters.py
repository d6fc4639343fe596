"""What can never be indexed goes to a topic of its own, with its reason, before it is done."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared import metrics
from shared.errors import TransientError
from streams.administration import connected
from streams.kafka import Kafka
from streams.patience import patiently

MOST_BYTES = 900 * 1024
"""Of a message that are kept: with the headers it fits into a topic with Kafka's usual limit."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or one change that it told of, given up.

    Attributes:
        key, value: the message's own; a value too long for the topic is cut.
        about: what the headers say: reason, topic, partition, offset and more.
    """

    key: bytes | None
    value: bytes | None
    about: Mapping[str, str]
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def headers(self) -> list[tuple[str, bytes]]:
        """All that is said about it, as Kafka's headers."""
        about = {**self.about, "time": self.time.isoformat(timespec="milliseconds")}
        if self.value is not None and len(self.value) > MOST_BYTES:
            about["cut_from"] = str(len(self.value))
        return [(name, text.encode("utf-8", "surrogateescape")) for name, text in about.items()]


class DeadLetters:
    """Writes dead letters in the order they come."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self._kafka = kafka
        self._topic = topic
        metrics.IN_FLIGHT.labels("dead_letters").set(0)
        self._waiting: asyncio.Queue[tuple[DeadLetter, Callable[[], None]]] = asyncio.Queue()

    def write(self, letter: DeadLetter, written: Callable[[], None]) -> None:
        """Have a letter written; `written` is called once Kafka holds it durably."""
        metrics.IN_FLIGHT.labels("dead_letters").inc()
        self._waiting.put_nowait((letter, written))

    async def run(self) -> None:
        """Write until cancelled; a topic that cannot be written is waited for, however long."""
        async with AsyncExitStack() as stack:
            producer = await patiently(self._connect, stack)
            while True:
                letter, written = await self._waiting.get()
                await patiently(self._send, producer, letter)
                metrics.IN_FLIGHT.labels("dead_letters").dec()
                written()

    async def _connect(self, stack: AsyncExitStack) -> AIOKafkaProducer:
        size = 2 * MOST_BYTES
        opening = connected(AIOKafkaProducer, self._kafka, acks="all", max_request_size=size)
        producer: AIOKafkaProducer = await stack.enter_async_context(opening)
        return producer

    async def _send(self, producer: AIOKafkaProducer, letter: DeadLetter) -> None:
        value = letter.value and letter.value[:MOST_BYTES]
        try:
            await producer.send_and_wait(self._topic, value, letter.key, headers=letter.headers)
        except (KafkaError, OSError) as error:
            words = str(error) or type(error).__name__
            raise TransientError("kafka", f"topic {self._topic}: {words}") from error
