"""MinIO, one drive, built from its Go module; tells Kafka of every change."""

from collections.abc import Mapping
from pathlib import Path

from stack.programs import tool
from stack.service import Command, answers

TARGET = "ingest"
"""The target's name in MinIO's configuration; its ARN is `arn:minio:sqs::ingest:kafka`."""


class MinIO:
    """The store of pictures. Its root user may do everything, as for `seenit setup`.

    Args:
        port: where it listens.
        kafka: `host:port` that is told of changes, of buckets that ask for it.
        topic: where they are told; need not be there yet.
    """

    name = "minio"
    patience_s = 60.0
    access_key = "seenit"
    secret_key = "seenit-secret"  # noqa: S105 - of a server that only this machine reaches

    def __init__(self, port: int, kafka: str, topic: str) -> None:
        self.address = f"127.0.0.1:{port}"
        self._kafka = kafka
        self._topic = topic
        self.settings: Mapping[str, str] = {
            "SEENIT_STORAGE_URL": f"s3://{self.address}?secure=false",
            "SEENIT_S3_ACCESS_KEY": self.access_key,
            "SEENIT_S3_SECRET_KEY": self.secret_key,
        }

    def prepare(self, data: Path) -> Command:
        """Have the program; see `stack.service.Service`."""
        kafka = {
            "ENABLE": "on",
            "BROKERS": self._kafka,
            "TOPIC": self._topic,
            "QUEUE_DIR": str(data / "queue"),
        }
        environment = {
            "MINIO_ROOT_USER": self.access_key,
            "MINIO_ROOT_PASSWORD": self.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_API_SYNC_EVENTS": "on",  # told of before the client is answered
            **{f"MINIO_NOTIFY_KAFKA_{name}_{TARGET}": value for name, value in kafka.items()},
        }
        drive = data / "drive"
        return Command([tool("minio"), "server", drive, "--address", self.address], environment)

    def ready(self) -> bool:
        """Tell whether it can be written to."""
        return answers(f"http://{self.address}/minio/health/cluster")
