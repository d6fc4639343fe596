"""Renders the manifests of an overlay, and finds its way in them."""

import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

import yaml

from stack.programs import tool

Resource = dict[str, Any]

SECRETS = {
    "SEENIT_CATALOG_URL": "mysql://user:password@mysql:3306/seenit",
    "SEENIT_KAFKA_URL": "kafka://kafka:9092",
    "SEENIT_SEARCH_PASSWORD": "a-password",
}
"""What a Secret that is made elsewhere could hold."""


def render(overlay: Path) -> str:
    """Build an overlay.

    Raises:
        subprocess.CalledProcessError: it cannot be; `stderr` tells why.
    """
    command = [tool("kustomize"), "build", overlay]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class Manifests:
    """All resources of an overlay."""

    def __init__(self, text: str) -> None:
        self.all: list[Resource] = [*yaml.load_all(text, yaml.CSafeLoader)]

    def of(self, *kinds: str) -> list[Resource]:
        return [each for each in self.all if each["kind"] in kinds]

    def named(self, kind: str, name: str) -> Resource | None:
        return next((each for each in self.of(kind) if each["metadata"]["name"] == name), None)

    def workloads(self) -> list[Resource]:
        return self.of("Deployment", "StatefulSet", "Job")

    def pods(self, labels: dict[str, str]) -> list[Resource]:
        """Find the pod templates that have these labels."""
        templates = [each["spec"]["template"] for each in self.workloads()]
        return [pod for pod in templates if labels.items() <= pod["metadata"]["labels"].items()]

    @staticmethod
    def data(source: Resource) -> dict[str, str]:
        """Tell what a ConfigMap or a Secret holds."""
        if source["kind"] == "ConfigMap":
            return dict(source["data"])
        return {key: b64decode(value).decode() for key, value in source["data"].items()}

    def settings(self, workload: Resource) -> dict[str, str]:
        """Tell what a container is told; where a Secret is not there, something that could be."""
        told: dict[str, str] = {}
        container = workload["spec"]["template"]["spec"]["containers"][0]
        for source in container.get("envFrom", ()):
            told |= (self.named("ConfigMap", source["configMapRef"]["name"]) or {})["data"]
        for variable in container.get("env", ()):
            told[variable["name"]] = variable.get("value", SECRETS.get(variable["name"], ""))
            reference = variable.get("valueFrom", {}).get("secretKeyRef", {})
            if secret := self.named("Secret", reference.get("name", "")):
                told[variable["name"]] = self.data(secret).get(reference["key"], "")
        return told
