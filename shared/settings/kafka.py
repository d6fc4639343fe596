"""How notifications come."""

from typing import ClassVar

from pydantic import Field, field_validator

from shared.settings.group import Group, address


class Kafka(Group):
    """The servers, the topic, and who reads it."""

    title: ClassVar = "Kafka"

    kafka_url: str = Field(
        "",
        description="`kafka://host:9092,host:9092`; `?tls=true` (`&ca=FILE`) encrypts, "
        "`user:password@` before the hosts signs in (`?sasl=PLAIN`, `SCRAM-SHA-256` or "
        "`SCRAM-SHA-512`).",
    )
    topic: str = Field(
        "seenit.notifications",
        pattern=r"^[a-zA-Z0-9._-]{1,230}$",
        description="The topic of bucket notifications; dead letters go to `<topic>.dead-letter`.",
    )
    partitions: int = Field(
        8, ge=1, le=10_000, description="Partitions of the topic: the most workers that share it."
    )
    replication: int = Field(
        1, ge=1, le=100, description="Copies that Kafka keeps of the topic; 3 on a real cluster."
    )
    consumer_group: str = Field(
        "seenit",
        pattern=r"^[a-zA-Z0-9._-]{1,200}$",
        description="The Kafka consumer group that all workers join.",
    )

    @field_validator("kafka_url")
    @classmethod
    def _brokers(cls, value: str) -> str:
        return address(value, "kafka")
