"""What a topic was sent since a moment: for those who measure."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.structs import ConsumerRecord

from streams.administration import connected, kafka_faults, open_admin
from streams.kafka import Kafka


async def begin_at_end(kafka: Kafka, topic: str, group: str) -> None:
    """Have a group without members begin behind all that the topic holds now.

    Raises:
        TransientError: the cluster does not answer.
    """
    reader = connected(AIOKafkaConsumer, kafka, group_id=group, enable_auto_commit=False)
    async with reader as consumer:
        places = await _places(kafka, topic)
        with kafka_faults():
            consumer.assign(places)
            await consumer.commit(await consumer.end_offsets(places))


async def ends(kafka: Kafka, topic: str) -> dict[TopicPartition, int]:
    """Tell the offset that the next message of each partition gets.

    Raises:
        TransientError: the cluster does not answer.
    """
    async with connected(AIOKafkaConsumer, kafka) as consumer:
        places = await _places(kafka, topic)
        with kafka_faults():
            found: dict[TopicPartition, int] = await consumer.end_offsets(places)
        return found


async def sent_since(kafka: Kafka, since: dict[TopicPartition, int]) -> list[ConsumerRecord]:
    """Read all messages from these offsets on; their `timestamp` is in milliseconds.

    Raises:
        TransientError: the cluster does not answer.
    """
    records: list[ConsumerRecord] = []
    async with connected(AIOKafkaConsumer, kafka) as consumer:
        with kafka_faults():
            consumer.assign([*since])
            for place, offset in since.items():
                consumer.seek(place, offset)
            until = await consumer.end_offsets([*since])
            while any(await asyncio.gather(*(_before(consumer, *each) for each in until.items()))):
                for some in (await consumer.getmany(timeout_ms=500)).values():
                    records += some
    return records


async def _before(consumer: AIOKafkaConsumer, place: TopicPartition, end: int) -> bool:
    return bool(await consumer.position(place) < end)


async def _places(kafka: Kafka, topic: str) -> list[TopicPartition]:
    async with open_admin(kafka) as admin:
        with kafka_faults():
            (told,) = await admin.describe_topics([topic])
            return [TopicPartition(topic, each["partition"]) for each in told["partitions"]]
