"""MinIO, one drive, built from its Go module; tells Kafka of every change."""

from collections.abc import Mapping
from pathlib import Path

from stack.programs import tool
from stack.service import Command, answers


class MinIO:
    """The store of pictures. Its root user may do everything, as for `seenit setup`.

    Args:
        port: where it listens.
        kafka: `host:port` that is told of changes in buckets that ask for it.
        topic: where they are told; need not be there yet.

    Attributes:
        queued_arn: names the target that loses nothing while Kafka is away; MinIO looks only every
            3 seconds at what is queued, so what it tells is that old.
        direct_arn: names the target that tells at once, and never what Kafka missed; while Kafka is
            away uploads take seconds.
    """

    name = "minio"
    patience_s = 60.0
    access_key = "seenit"
    secret_key = "seenit-secret"  # noqa: S105 - of a server that only this machine reaches
    queued_arn = "arn:minio:sqs::ingest:kafka"
    direct_arn = "arn:minio:sqs::direct:kafka"

    def __init__(self, port: int, kafka: str, topic: str) -> None:
        self.address = f"127.0.0.1:{port}"
        self._kafka = kafka
        self._topic = topic
        self.settings: Mapping[str, str] = {
            "SEENIT_STORAGE_URL": f"s3://{self.address}?secure=false",
            "SEENIT_S3_ACCESS_KEY": self.access_key,
            "SEENIT_S3_SECRET_KEY": self.secret_key,
        }

    def obtain(self) -> None:
        """Have the program; see `stack.service.Service`."""
        tool("minio")

    def prepare(self, data: Path) -> Command:
        """Say where all is; see `stack.service.Service`."""
        environment = {
            "MINIO_ROOT_USER": self.access_key,
            "MINIO_ROOT_PASSWORD": self.secret_key,
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
            "MINIO_API_SYNC_EVENTS": "on",  # told of before the client is answered
            "MINIO_SYNC_BOOT": "on",  # answers nobody before it knows whom to tell
            **self._target(self.queued_arn, QUEUE_DIR=str(data / "queue")),
            **self._target(self.direct_arn),
        }
        drive = data / "drive"
        return Command([tool("minio"), "server", drive, "--address", self.address], environment)

    def _target(self, arn: str, **more: str) -> dict[str, str]:
        name = arn.split(":")[-2]
        options = {"ENABLE": "on", "BROKERS": self._kafka, "TOPIC": self._topic, **more}
        return {f"MINIO_NOTIFY_KAFKA_{key}_{name}": value for key, value in options.items()}

    def ready(self) -> bool:
        """Tell whether it can be written to."""
        return answers(f"http://{self.address}/minio/health/cluster")
