"""The topics that Seenit needs, and making them."""

from dataclasses import dataclass, field

from aiokafka import errors
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic

from shared.steps import Did, Step
from streams.administration import ANSWERS_S, kafka_faults

DAY_MS = 86_400_000
LARGEST = 2 * 2**20
"""Bytes of a dead letter: the largest message that Kafka takes by itself, and why it is there."""

_WAITS_MS = int(ANSWERS_S * 1000)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be.

    Attributes:
        replication: copies that the cluster keeps.
        options: Kafka's names of what differs from the cluster's usual.
    """

    name: str
    partitions: int
    replication: int
    options: dict[str, str] = field(default_factory=dict)


def topics_of(name: str, partitions: int, replication: int) -> tuple[Topic, Topic]:
    """Tell the topics that notifications and dead letters need."""
    letters = {"retention.ms": str(90 * DAY_MS), "max.message.bytes": str(LARGEST)}
    return (
        Topic(name, partitions, replication, {"cleanup.policy": "delete"}),
        Topic(dead_letters(name), 1, replication, {"cleanup.policy": "delete", **letters}),
    )


def dead_letters(topic: str) -> str:
    """Name the topic of what could not be taken from `topic`."""
    return f"{topic}.dead-letter"


async def make_topic(admin: AIOKafkaAdminClient, wanted: Topic) -> Step:
    """Make a topic, or give it more partitions where it has fewer; never takes any away.

    Raises:
        ConfigurationError: the cluster refuses it.
        TransientError: the cluster does not answer.
    """
    with kafka_faults():
        there = await _partitions(admin, wanted.name)
        if there is None:
            did = await _make(admin, wanted)
            there = wanted.partitions if did is Did.MADE else await _partitions(admin, wanted.name)
        elif there < wanted.partitions:
            more = {wanted.name: NewPartitions(wanted.partitions)}
            await admin.create_partitions(more, timeout_ms=_WAITS_MS)
            detail = f"{wanted.partitions} partitions, up from {there}"
            return Step("topic", wanted.name, Did.CHANGED, detail)
        else:
            did = Did.FOUND
    detail = f"{there} partition{'s' if there != 1 else ''}"
    return Step("topic", wanted.name, did, detail)


async def _partitions(admin: AIOKafkaAdminClient, name: str) -> int | None:
    """Count a topic's partitions; None where there is no such topic."""
    if name not in await admin.list_topics():  # asking for it by name might make it
        return None
    (topic,) = await admin.describe_topics([name])
    _raise_for(topic["error_code"])
    return len(topic["partitions"])


async def _make(admin: AIOKafkaAdminClient, wanted: Topic) -> Did:
    topic = NewTopic(
        wanted.name, wanted.partitions, wanted.replication, topic_configs=wanted.options
    )
    reply = await admin.create_topics([topic], timeout_ms=_WAITS_MS)
    for _, code, *_ in reply.topic_errors:
        if code == errors.TopicAlreadyExistsError.errno:  # another one was faster
            return Did.FOUND
        _raise_for(code)
    return Did.MADE


def _raise_for(code: int) -> None:
    if code:
        raise errors.for_code(code)
