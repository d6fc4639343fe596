"""What a bucket tells Kafka, and what a reader may do: decided here, without I/O."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from minio.notificationconfig import NotificationConfig, QueueConfig

CHANGES = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
EXPIRIES = (("s3:LifecycleDelMarkerExpiration:Delete",), ("s3:LifecycleExpiration:*",), ())
"""Names of what a lifecycle removes beyond that: MinIO's, Amazon's, and of those who have none."""

_OPTIONS = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


def event_lists() -> Iterator[list[str]]:
    """Tell the lists of events to ask for, the most telling first; no server knows all names."""
    return ([*CHANGES, *expiry] for expiry in EXPIRIES)


def with_rule(
    present: NotificationConfig, target: str, topic: str, events: Sequence[str]
) -> NotificationConfig:
    """Put Seenit's rule among a bucket's rules, in place of what it was; others' stay.

    Args:
        present: the bucket's rules.
        target: the name (ARN) of the Kafka target.
        topic: tells this Seenit's rule from that of another on the same bucket.
        events: what is told.
    """
    own = QueueConfig(queue=target, events=list(events), config_id=_rule_id(topic))
    others = [rule for rule in present.queue_config_list if rule.config_id != own.config_id]
    return NotificationConfig(
        present.cloud_func_config_list, [*others, own], present.topic_config_list
    )


def has_rule(
    present: NotificationConfig, target: str, topic: str, events: Iterable[str]
) -> bool | None:
    """Tell whether Seenit's rule is as it should be; None where there is none."""
    own = [rule for rule in present.queue_config_list if rule.config_id == _rule_id(topic)]
    if not own:
        return None
    return len(own) == 1 and _told(own[0]) == (_place(target), {*events}, None, None)


def _rule_id(topic: str) -> str:
    return f"seenit:{topic}"


def _told(rule: QueueConfig) -> tuple[Any, ...]:
    return (
        _place(rule.queue or ""),
        {*rule.events},
        rule.prefix_filter_rule,
        rule.suffix_filter_rule,
    )


def _place(target: str) -> tuple[str, ...]:
    """Name a target without its region, which MinIO adds by itself."""
    parts = target.split(":")
    return (*parts[:3], *parts[4:])


def target_id(target: str) -> str | None:
    """Tell the name by which MinIO's own configuration knows a Kafka target; None if it is none."""
    parts = target.split(":")
    is_kafka = len(parts) == 6 and parts[:3] == ["arn", "minio", "sqs"] and parts[5] == "kafka"
    return parts[4] if is_kafka else None


def topic_of_target(configuration: str, name: str) -> str | None:
    """Find the topic that a Kafka target writes to in MinIO's `notify_kafka` configuration.

    Args:
        configuration: as MinIO's administration prints it; what its environment sets stands in
            comments, and goes first.
        name: the target's.
    """
    section = "notify_kafka" if name == "_" else f"notify_kafka:{name}"
    suffix = "" if name == "_" else f"_{name}"
    topic = None
    for line in configuration.splitlines():
        kind, _, rest = line.partition(" ")
        if kind == "#" and rest.startswith(f"MINIO_NOTIFY_KAFKA_TOPIC{suffix}="):
            return rest.partition("=")[2]
        if kind == section:
            topic = dict(_OPTIONS.findall(rest)).get("topic", "").strip('"') or topic
    return topic


def target_variables(name: str, servers: Sequence[str], topic: str) -> str:
    """Write the environment that gives a MinIO server its Kafka target."""
    values = {
        "ENABLE": "on",
        "BROKERS": ",".join(servers),
        "TOPIC": topic,
        "QUEUE_DIR": "/var/lib/minio-events",
    }
    return " ".join(f"MINIO_NOTIFY_KAFKA_{key}_{name}={value}" for key, value in values.items())


def reading_policy(buckets: Iterable[str]) -> dict[str, Any]:
    """Write the policy of one who may list the buckets and read their objects, and nothing else."""
    names = sorted(buckets)
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(["s3:GetBucketLocation", "s3:ListBucket"], [f"arn:aws:s3:::{b}" for b in names]),
            _allow(["s3:GetObject"], [f"arn:aws:s3:::{b}/*" for b in names]),
        ],
    }


def same_policy(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Tell whether two policies say the same; servers reorder what they keep."""
    return _in_order(one) == _in_order(other)


def _allow(actions: list[str], resources: list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _in_order(policy: dict[str, Any]) -> list[str]:
    return sorted(
        repr({k: sorted(v) if isinstance(v, list) else v for k, v in sorted(each.items())})
        for each in policy.get("Statement", ())
    )
