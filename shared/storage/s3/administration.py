"""What only MinIO's administration tells and does: its Kafka target, and a user who may read."""

import json
from typing import Any

from minio import MinioAdmin
from minio.credentials.credentials import Credentials
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException

from shared.errors import ConfigurationError
from shared.settings import Settings
from shared.steps import Did, Step
from shared.storage.s3 import rules
from shared.storage.s3.address import storage_address
from shared.storage.s3.client_faults import admin_refusal, client_faults, patience
from shared.storage.s3.faults import Refusal
from shared.storage.s3.opening import credentials
from shared.storage.s3.requests import Requests

_NOBODY = "XMinioAdminNoSuchUser", "XMinioAdminNoSuchPolicy"


class Administration:
    """MinIO's administration, by an account that may use it. Blocks.

    Methods raise `TransientError` where the store does not answer.

    Raises:
        ConfigurationError: a setting is malformed.
    """

    def __init__(self, settings: Settings) -> None:
        self._target = settings.notify_arn
        self._topic = settings.topic
        self._buckets = settings.buckets
        self._address = storage_address(settings.storage_url)
        keys = credentials(settings)
        self._admin = MinioAdmin(
            endpoint=self._address.netloc,
            credentials=StaticProvider(keys.access_key, keys.secret_key),
            region=self._address.region,
            secure=self._address.secure,
            http_client=patience(),
        )

    def check_target(self) -> Step:
        """See that the store's Kafka target writes to the topic that workers read.

        Raises:
            ConfigurationError: it writes to another one.
        """
        name, told = rules.target_id(self._target), None
        if name is not None:
            try:
                with client_faults():
                    told = rules.topic_of_target(self._configuration(), name)
            except ConfigurationError as refusal:
                detail = f"{refusal}; see that the target writes to {self._topic}"
                return Step("target", self._target, Did.SKIPPED, detail)
        if told is None:
            detail = f"the store does not tell; see that it writes to {self._topic}"
            return Step("target", self._target, Did.SKIPPED, detail)
        if told != self._topic:
            problem = f"the store's target {self._target} writes to the topic {told}"
            raise ConfigurationError("SEENIT_TOPIC", problem)
        return Step("target", self._target, Did.FOUND, f"writes to {told}")

    def make_reader(self, user: str, password: str) -> Step:
        """Make a user who may list the buckets and read their objects, and nothing else.

        Raises:
            ConfigurationError: the store has no such administration, or refuses.
        """
        policy, wanted = f"{user}-read-only", rules.reading_policy(self._buckets)
        try:
            with client_faults():
                present = self._user(user)
                if (
                    present == {"policyName": policy, "status": "enabled"}
                    and rules.same_policy(self._policy(policy), wanted)
                    and self._signs_in(user, password)
                ):
                    return Step("user of the store", user, Did.FOUND, "may only read")
                self._admin.policy_add(policy, policy=wanted)
                self._admin.user_add(user, password)
                self._admin.policy_set(policy, user=user)
        except ConfigurationError as refusal:
            problem = f"{refusal}; make {user} there by hand, with the policy {json.dumps(wanted)}"
            raise ConfigurationError("SEENIT_SEARCH_USER", problem) from None
        return Step(
            "user of the store", user, Did.CHANGED if present else Did.MADE, "may only read"
        )

    def _configuration(self) -> str:
        try:
            return self._admin.config_get("notify_kafka")
        except UnboundLocalError as error:  # where it is refused, minio-py 7.2 trips over itself
            raise (error.__context__ or error) from None

    def _user(self, name: str) -> dict[str, Any]:
        told = self._ask(self._admin.user_info, name)
        return {key: told.get(key) for key in ("policyName", "status")} if told else {}

    def _policy(self, name: str) -> dict[str, Any]:
        return self._ask(self._admin.policy_info, name)

    @staticmethod
    def _ask(question: Any, name: str) -> dict[str, Any]:  # noqa: ANN401 - a method of MinioAdmin
        """Ask about a user or a policy; empty where there is none."""
        try:
            told: dict[str, Any] = json.loads(question(name))
        except MinioAdminException as error:
            if admin_refusal(error)[1] in _NOBODY:
                return {}
            raise
        return told

    def _signs_in(self, user: str, password: str) -> bool:
        asked = Requests(self._address, Credentials(user, password))
        return not any(isinstance(asked.head(bucket), Refusal) for bucket in self._buckets)
