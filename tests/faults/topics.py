"""Kafka as an operator sees it: topics and groups, and what accidents do to them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.structs import ConsumerRecord

PARTITIONS = 8


class Topics:
    """The topics at one address.

    Args:
        address: `host:port`.
    """

    def __init__(self, address: str) -> None:
        self.address = address

    def make(self, **partitions: int) -> None:
        asyncio.run(self._make(partitions))

    def offsets(self, topic: str, group: str) -> dict[int, tuple[int, int]]:
        """Tell per partition the group's committed offset (else the beginning) and the end."""
        return asyncio.run(self._offsets(topic, group))

    def skip_all(self, topic: str, group: str) -> None:
        """Acknowledge all there is; nobody may be in the group."""
        asyncio.run(self._skip_all(topic, group))

    def records(self, topic: str) -> list[ConsumerRecord]:
        """Read all there is, without taking part in any group."""
        return asyncio.run(self._records(topic))

    def wipe(self, topic: str) -> None:
        """Delete a topic with all events, and with it what was acknowledged; make it anew."""
        asyncio.run(self._wipe(topic))

    @contextmanager
    def not_writable(self, topic: str) -> Iterator[None]:
        """Have every record refused as too large."""
        asyncio.run(self._configure(topic, {"max.message.bytes": "10"}))
        try:
            yield
        finally:
            asyncio.run(self._configure(topic, {"max.message.bytes": "2000000"}))

    async def _make(self, partitions: dict[str, int]) -> None:
        async with self._admin() as admin:
            there = await admin.list_topics()
            wanted = [NewTopic(name, count, 1) for name, count in partitions.items()]
            if missing := [topic for topic in wanted if topic.name not in there]:
                await admin.create_topics(missing)

    async def _offsets(self, topic: str, group: str) -> dict[int, tuple[int, int]]:
        async with self._admin() as admin, self._consumer() as consumer:
            parts = await _parts(admin, topic)
            begins = await consumer.beginning_offsets(parts)
            ends = await consumer.end_offsets(parts)
            held = await admin.list_consumer_group_offsets(group)
            committed = {part: found.offset for part, found in held.items() if found.offset >= 0}
            return {p.partition: (committed.get(p, begins[p]), ends[p]) for p in parts}

    async def _skip_all(self, topic: str, group: str) -> None:
        async with self._admin() as admin, self._consumer(group) as consumer:
            parts = await _parts(admin, topic)
            consumer.assign(parts)
            await consumer.commit(await consumer.end_offsets(parts))

    async def _records(self, topic: str) -> list[ConsumerRecord]:
        async with self._admin() as admin, self._consumer() as consumer:
            parts = await _parts(admin, topic)
            consumer.assign(parts)
            await consumer.seek_to_beginning(*parts)
            ends = await consumer.end_offsets(parts)
            records: list[ConsumerRecord] = []
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for some in (await consumer.getmany(timeout_ms=500)).values():
                    records += some
            return records

    async def _wipe(self, topic: str) -> None:
        async with self._admin() as admin:
            count = len(await _parts(admin, topic))
            await admin.delete_topics([topic])
            while topic in await admin.list_topics():  # noqa: ASYNC110 - Kafka tells nobody
                await asyncio.sleep(0.1)
            await admin.create_topics([NewTopic(topic, count, 1)])

    async def _configure(self, topic: str, settings: dict[str, str]) -> None:
        async with self._admin() as admin:
            resource = ConfigResource(ConfigResourceType.TOPIC, topic, configs=settings)
            await admin.alter_configs([resource])

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.address)
        await admin.start()
        try:
            yield admin
        finally:
            await admin.close()

    @asynccontextmanager
    async def _consumer(self, group: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.address, group_id=group, enable_auto_commit=False
        )
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()


async def _parts(admin: AIOKafkaAdminClient, topic: str) -> list[TopicPartition]:
    (found,) = await admin.describe_topics([topic])
    return [TopicPartition(topic, part["partition"]) for part in found["partitions"]]
