"""The messages that MinIO sent, to be sent again: more often, in another order, as of old."""

import asyncio
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote_plus

from aiokafka import AIOKafkaProducer

from tests.faults.places import Place

Message = tuple[bytes | None, bytes]
"""Key and value."""


def captured(place: Place) -> list[Message]:
    """Read what the topic holds of the place's buckets, without taking part in its group."""
    messages = [(one.key, one.value) for one in place.topics.records(place.topic) if one.value]
    return [message for message in messages if _is_of(place, message)]


def _is_of(place: Place, message: Message) -> bool:
    told = json.loads(message[1])
    buckets = {record["s3"]["bucket"]["name"] for record in told.get("Records") or ()}
    return bool(buckets & set(place.buckets))


def key_of(message: Message) -> str:
    """Tell the key of the object that a message of MinIO is about."""
    return unquote_plus(json.loads(message[1])["Records"][0]["s3"]["object"]["key"])


def later(message: Message, seconds: float) -> Message:
    """Shift the moments that a message tells of."""
    key, value = message
    told = json.loads(value)
    for record in told["Records"]:
        moment = datetime.fromisoformat(record["eventTime"]) + timedelta(seconds=seconds)
        record["eventTime"] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return key, json.dumps(told).encode()


def produce(place: Place, messages: Sequence[Message]) -> None:
    """Send messages, each to any partition."""
    asyncio.run(_produce(place, messages))


async def _produce(place: Place, messages: Sequence[Message]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=place.topics.address, linger_ms=20)
    await producer.start()
    try:
        numbers = sorted(await producer.partitions_for(place.topic))
        for key, value in messages:
            number = random.choice(numbers)
            await producer.send(place.topic, value=value, key=key, partition=number)
    finally:
        await producer.stop()
