"""Makes buckets, and has them tell Kafka of their changes. Each step may be repeated."""

from collections.abc import Sequence

from minio import Minio
from minio.error import S3Error

from shared.errors import ConfigurationError
from shared.settings import Settings
from shared.steps import Did, Step
from shared.storage.s3 import rules
from shared.storage.s3.address import storage_address
from shared.storage.s3.client_faults import client_faults, patience
from shared.storage.s3.opening import credentials

_OURS = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class Buckets:
    """The buckets of one store, set up by an account that may make them. Blocks.

    All methods raise `ConfigurationError` where the store refuses, and `TransientError` where it
    does not answer.

    Raises:
        ConfigurationError: a setting is malformed.
    """

    def __init__(self, settings: Settings) -> None:
        self._target = settings.notify_arn
        self._topic = settings.topic
        self._address = storage_address(settings.storage_url)
        keys = credentials(settings)
        self._client = Minio(
            self._address.netloc,
            keys.access_key,
            keys.secret_key,
            secure=self._address.secure,
            region=self._address.region,
            http_client=patience(),
        )

    def make(self, bucket: str) -> Step:
        """Make a bucket where it is missing."""
        did = Did.FOUND
        with client_faults():
            if not self._client.bucket_exists(bucket):
                try:
                    self._client.make_bucket(bucket, self._address.region)
                    did = Did.MADE
                except S3Error as error:  # another one was faster
                    if error.code not in _OURS:
                        raise
        return Step("bucket", bucket, did)

    def make_notifications(self, bucket: str, servers: Sequence[str]) -> Step:
        """Have a bucket tell Kafka of every change, beside what it tells others.

        Args:
            bucket: one that is there.
            servers: of Kafka, for the advice where the store has no such target.
        """
        with client_faults():
            present = self._client.get_bucket_notification(bucket)
            for events in rules.event_lists():
                there = rules.has_rule(present, self._target, self._topic, events)
                if there:
                    return Step("notifications", bucket, Did.FOUND, self._target)
                wanted = rules.with_rule(present, self._target, self._topic, events)
                try:
                    self._client.set_bucket_notification(bucket, wanted)
                except S3Error as error:
                    if "ARN" in (error.message or ""):
                        raise self._no_such_target(servers) from None
                    if error.code != "InvalidArgument":
                        raise
                    refused = error
                else:
                    did = Did.MADE if there is None else Did.CHANGED
                    return Step("notifications", bucket, did, self._target)
            raise refused

    def _no_such_target(self, servers: Sequence[str]) -> ConfigurationError:
        problem = f"the store has no target {self._target}"
        name = rules.target_id(self._target)
        if name is not None:
            variables = rules.target_variables(name, servers, self._topic)
            problem += f"; start MinIO with {variables}"
        return ConfigurationError("SEENIT_NOTIFY_ARN", problem)
