"""A Kafka whose users sign in, and may do only what the manifests ask Strimzi to let them."""

from pathlib import Path
from typing import Any

import yaml

from stack.kafka import Kafka
from stack.programs import find, run
from stack.service import Command, free_ports

USERS = Path(__file__).parents[2] / "k8s/overlays/production/parts/kafka.yaml"
PASSWORD = "known-to-all"
MECHANISM = "SCRAM-SHA-512"


def users() -> dict[str, list[dict[str, Any]]]:
    """What each user may do, as the manifests say it."""
    told = yaml.safe_load_all(USERS.read_text())
    return {
        each["metadata"]["name"]: each["spec"]["authorization"]["acls"]
        for each in told
        if each["kind"] == "KafkaUser"
    }


class GuardedKafka(Kafka):
    """It has a third listener, where one signs in; whoever comes by another may do everything."""

    def __init__(self) -> None:
        port, self._guarded = free_ports(2)
        super().__init__(port)
        self._tool: list[str | Path] = []

    def url(self, user: str) -> str:
        """Tell how a user reaches it."""
        return f"kafka://{user}:{PASSWORD}@127.0.0.1:{self._guarded}?sasl={MECHANISM}"

    def prepare(self, data: Path) -> Command:
        """Add the listener and the guard; see `stack.service.Service`."""
        command = super().prepare(data)
        properties = data / "server.properties"
        settings = dict(line.split("=", 1) for line in properties.read_text().splitlines())
        for name in ("listeners", "advertised.listeners"):
            settings[name] += f",SIGNED://127.0.0.1:{self._guarded}"
        settings["listener.security.protocol.map"] += ",SIGNED:SASL_PLAINTEXT"
        settings |= {
            "sasl.enabled.mechanisms": MECHANISM,
            f"listener.name.signed.{MECHANISM.lower()}.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        *self._tool, _, _ = command.arguments
        return command

    def admit(self) -> None:
        """Make the users, each with its rights."""
        find("java", "default-jre-headless")
        for user, rights in users().items():
            secret = f"{MECHANISM}=[password={PASSWORD}]"
            who = ["--entity-type", "users", "--entity-name", user]
            self._administer("ConfigCommand", "--alter", "--add-config", secret, *who)
            for right in rights:
                about = right["resource"]
                pattern = {"literal": "literal", "prefix": "prefixed"}[about["patternType"]]
                what = [f"--{about['type']}", about["name"], "--resource-pattern-type", pattern]
                what += [word for each in right["operations"] for word in ("--operation", each)]
                self._administer("AclCommand", "--add", "--allow-principal", f"User:{user}", *what)

    def _administer(self, program: str, *arguments: str) -> None:
        server = ["--bootstrap-server", self.address]
        run([*self._tool, f"kafka.admin.{program}", *server, *arguments])
