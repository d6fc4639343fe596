"""Where a case happens: buckets, a consumer group, a database and a collection of its own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

import pymysql
from minio import Minio
from minio.notificationconfig import NotificationConfig, QueueConfig
from pymilvus import MilvusClient
from urllib3 import PoolManager

from tests.faults.topics import PARTITIONS, Topics

EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


REAL = "efficientnet-lite0"
"""Stands for the product's own model, whatever else its name says."""


@dataclass(frozen=True)
class Place:
    """What one case has to itself on services that many share.

    Attributes:
        name: lower case letters, digits and hyphens; of the buckets, the group and the model.
        stack: settings that lead to the services themselves, by their names without the prefix.
        buckets: made by `prepare`.
        model_id: of the stand-in embedder, or REAL; it names the collection.
    """

    name: str
    stack: Mapping[str, str]
    buckets: tuple[str, ...]
    model_id: str

    @property
    def group(self) -> str:
        return self.name

    @property
    def topic(self) -> str:
        return self.stack.get("topic", "seenit.notifications")

    @property
    def dead_letters(self) -> str:
        return f"{self.topic}.dead-letter"

    @property
    def database(self) -> str:
        return self.name.replace("-", "_")

    @property
    def catalog_url(self) -> str:
        return urlsplit(self.stack["catalog_url"])._replace(path=f"/{self.database}").geturl()

    @property
    def settings(self) -> dict[str, str]:
        """What a process needs to work here."""
        own = {
            "catalog_url": self.catalog_url,
            "buckets": ",".join(self.buckets),
            "consumer_group": self.group,
        }
        return {**self.stack, **own}

    @property
    def topics(self) -> Topics:
        return Topics(urlsplit(self.stack["kafka_url"]).netloc)

    def s3(self, connections: PoolManager | None = None) -> Minio:
        parts = urlsplit(self.stack["storage_url"])
        secure = parse_qs(parts.query).get("secure", ["false"]) == ["true"]
        key, secret = self.stack["s3_access_key"], self.stack["s3_secret_key"]
        return Minio(
            parts.netloc,
            access_key=key,
            secret_key=secret,
            secure=secure,
            http_client=connections,
        )

    def mysql(self, database: str | None = None) -> pymysql.Connection:
        parts = urlsplit(self.stack["catalog_url"])
        return pymysql.connect(
            host=parts.hostname,
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            database=self.database if database is None else database,
            autocommit=True,
            connect_timeout=5,
        )

    def milvus(self) -> MilvusClient:
        return MilvusClient(uri=self.stack["index_url"])

    def collections(self, client: MilvusClient) -> list[str]:
        """Name the collections of this place's model."""
        readable = re.sub(r"[^A-Za-z0-9]+", "_", self.model_id)
        return [name for name in client.list_collections() if f"_{readable}_" in name]

    def prepare(self) -> None:
        """Make all that is this case's own; events from before it are none of its."""
        client = self.s3()
        for bucket in self.buckets:
            client.make_bucket(bucket)
        self._tell_of([QueueConfig(EVENTS, config_id="seenit", queue=self.stack["notify_arn"])])
        connection = self.mysql("")
        with connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{self.database}`")
        self.empty_index()
        self.topics.make(**{self.topic: PARTITIONS, self.dead_letters: 1})
        self.skip_all()

    def mute(self) -> None:
        """Have MinIO tell nobody of what changes from now on."""
        self._tell_of([])

    def _tell_of(self, queues: list[QueueConfig]) -> None:
        for bucket in self.buckets:
            self.s3().set_bucket_notification(bucket, NotificationConfig(queue_config_list=queues))

    def skip_all(self) -> None:
        """Acknowledge all events there are; no worker may be in the group."""
        self.topics.skip_all(self.topic, self.group)

    def empty_catalog(self) -> None:
        """Drop all that is recorded; the tables stay."""
        connection = self.mysql()
        with connection, connection.cursor() as cursor:
            for table in ("objects", "images"):
                cursor.execute(f"DELETE FROM {table}")

    def empty_index(self) -> None:
        """Drop all vectors of the model, and the collection with them."""
        client = self.milvus()
        for name in self.collections(client):
            for alias in client.list_aliases(name)["aliases"]:
                client.drop_alias(alias)
            client.drop_collection(name)
        client.close()
