"""How far the workers are behind: what they have committed against what the topic holds."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError

from shared.errors import ConfigurationError
from streams.administration import ANSWERS_S, connected, kafka_faults, open_admin
from streams.kafka import Kafka


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """Notifications of one partition that are not done.

    Attributes:
        committed: the first offset that is not done; None where nothing ever was.
        end: the offset that the next notification gets.
    """

    partition: int
    committed: int | None
    end: int
    lag: int


@dataclass(frozen=True, slots=True)
class Lag:
    """Notifications that are not done, per partition in order.

    Attributes:
        workers: how many share the partitions now.
    """

    partitions: tuple[PartitionLag, ...]
    workers: int = 0

    @property
    def total(self) -> int:
        """Over all partitions."""
        return sum(each.lag for each in self.partitions)

    @property
    def done(self) -> int:
        """Offsets done so far; the difference of two looks is what was done in between."""
        return sum(each.end - each.lag for each in self.partitions)


@asynccontextmanager
async def open_lag(
    kafka: Kafka, topic: str, group: str
) -> AsyncIterator[Callable[[], Awaitable[Lag]]]:
    """Connect to read the lag of a consumer group, again and again, without joining it.

    The reading raises `TransientError` where the cluster does not answer, and `ConfigurationError`
    where there is no such topic.

    Raises:
        TransientError: the cluster does not answer.
    """
    reader = connected(AIOKafkaConsumer, kafka, enable_auto_commit=False)
    async with open_admin(kafka) as admin, reader as consumer:

        async def read() -> Lag:
            with kafka_faults():
                known = await admin.list_topics()
                if topic not in known:
                    problem = f"there is no topic {topic}; `seenit setup` makes it"
                    raise ConfigurationError("SEENIT_TOPIC", problem)
                (told,) = await admin.describe_topics([topic])
                places = [TopicPartition(topic, each["partition"]) for each in told["partitions"]]
                lag = lag_of(
                    await _committed(admin, group, places),
                    _by_partition(await consumer.beginning_offsets(places)),
                    _by_partition(await consumer.end_offsets(places)),
                )
                return replace(lag, workers=await _members(admin, group))

        yield read


def lag_of(
    committed: Mapping[int, int], beginnings: Mapping[int, int], ends: Mapping[int, int]
) -> Lag:
    """Reckon the lag from offsets per partition; -1 or nothing means that none was committed.

    Where nothing was committed the workers begin at the beginning, and what the topic no longer
    holds cannot be done any more.
    """
    partitions = []
    for number, end in sorted(ends.items()):
        done = committed.get(number, -1)
        lag = max(0, end - max(done, beginnings.get(number, 0)))
        partitions.append(PartitionLag(number, None if done < 0 else done, end, lag))
    return Lag(tuple(partitions))


async def _committed(
    admin: AIOKafkaAdminClient, group: str, places: list[TopicPartition]
) -> dict[int, int]:
    """Read what a group has committed; a cluster that nobody has asked yet needs a moment."""
    deadline = time.monotonic() + ANSWERS_S
    while True:
        try:
            told = await admin.list_consumer_group_offsets(group, partitions=places)
        except GroupCoordinatorNotAvailableError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            return {place.partition: offset.offset for place, offset in told.items()}


async def _members(admin: AIOKafkaAdminClient, group: str) -> int:
    """Count the members of a group; it need not be there."""
    (told,) = await admin.describe_consumer_groups([group])
    *_, members = told.groups[0]
    return len(members)


def _by_partition(offsets: Mapping[TopicPartition, int]) -> dict[int, int]:
    return {place.partition: offset for place, offset in offsets.items()}
