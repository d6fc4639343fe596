"""Follows what manifests lead to, and tells what is not there: addresses, ports, places, users."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from tests.deployment import parts
from tests.deployment.kubernetes.manifests import Manifests, Resource
from tests.deployment.rules import addresses

MADE = {
    "InnoDBCluster": ("{name}", 6446, {3306, 6446}),
    "KafkaTopic": ("{cluster}-kafka-bootstrap", 9093, {9093}),
    "Milvus": ("{name}-milvus", 19530, {19530}),
    "Tenant": ("minio", 443, {9000}),
}
"""What an operator makes of a kind: a Service, its port, and the ports of its pods."""


def astray(manifests: Manifests) -> Iterator[str]:
    """Tell what leads to nothing."""
    services = {*_services(manifests)}
    for name, value in _told(manifests):
        for host, port in addresses(value):
            if (host, port) not in services:
                yield f"{name}: nothing listens at {host}:{port}"
    for part in manifests.of("StatefulSet"):
        yield from (f"{part['metadata']['name']}: {fault}" for fault in _part(part))
    for policy in manifests.of("NetworkPolicy"):
        yield from (f"{policy['metadata']['name']}: {it}" for it in _policy(policy, manifests))
    for scaled in manifests.of("ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            name = trigger.get("authenticationRef", {}).get("name", "")
            if name and manifests.named("TriggerAuthentication", name) is None:
                yield f"nobody is {name}"
    yield from _agreement(manifests)


def _services(manifests: Manifests) -> Iterator[tuple[str, int]]:
    for service in manifests.of("Service"):
        for port in service["spec"]["ports"]:
            yield service["metadata"]["name"], port["port"]
    for kind, (service, port, _) in MADE.items():
        for resource in manifests.of(kind):
            about = resource["metadata"]
            cluster = about.get("labels", {}).get("strimzi.io/cluster", "")
            name = service.format(name=about["name"], cluster=cluster)
            yield f"{name}.{about['namespace']}.svc", port


def _told(manifests: Manifests) -> Iterator[tuple[str, str]]:
    """Find everything that any of them is told, by whom."""
    for source in manifests.of("ConfigMap", "Secret"):
        for value in manifests.data(source).values():
            yield source["metadata"]["name"], value
    for workload in manifests.workloads():
        for value in _words(workload):
            yield workload["metadata"]["name"], value
    for scaled in manifests.of("ScaledObject"):
        for trigger in scaled["spec"]["triggers"]:
            for value in trigger["metadata"].values():
                yield scaled["metadata"]["name"], value


def _words(workload: Resource) -> list[str]:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    given = [variable.get("value", "") for variable in container.get("env", ())]
    return [*given, *container.get("args", ())]


def _part(part: Resource) -> Iterator[str]:
    (container,) = part["spec"]["template"]["spec"]["containers"]
    name, words = part["metadata"]["name"], _words(part)
    ports = {port["containerPort"] for port in container["ports"]} | parts.listening(words)
    yield from (f"nothing listens at {port}" for port in ports - parts.LISTENS[name])
    mounts = [mount["mountPath"] for mount in container["volumeMounts"]]
    yield from parts.misplaced(parts.places(name, words), mounts)


def _policy(policy: Resource, manifests: Manifests) -> Iterator[str]:
    for expression in policy["spec"]["podSelector"].get("matchExpressions", ()):
        for value in expression["values"]:
            if not manifests.pods({expression["key"]: value}):
                yield f"there are no pods {value}"
    there = {
        resource["metadata"]["namespace"]: ports
        for kind, (_, _, ports) in MADE.items()
        for resource in manifests.of(kind)
    }
    for rule in policy["spec"].get("egress", ()):
        for to in rule["to"]:
            labels = to.get("namespaceSelector", {}).get("matchLabels", {})
            place = labels.get("kubernetes.io/metadata.name", "kube-system")
            if place != "kube-system" and there.get(place) != _opened(rule):
                yield f"it lets out to {place} at other ports than {there.get(place)}"


def _opened(rule: dict[str, Any]) -> set[int]:
    return {port["port"] for port in rule.get("ports", ())}


def _agreement(manifests: Manifests) -> Iterator[str]:
    """Tell where two are told different things."""
    setup = manifests.settings(manifests.named("Job", "seenit-setup") or {})
    reader = setup["SEENIT_SEARCH_USER"], setup["SEENIT_SEARCH_PASSWORD"]
    for name in ("seenit-worker", "seenit-api"):
        told = manifests.settings(manifests.named("Deployment", name) or {})
        signs_in = told["SEENIT_S3_ACCESS_KEY"], told["SEENIT_S3_SECRET_KEY"]
        if any(signs_in) and signs_in != reader:
            yield f"{name} signs in to the store as somebody whom nobody makes"
        catalog = urlsplit(told["SEENIT_CATALOG_URL"])
        if (
            any(signs_in)
            and name == "seenit-api"
            and (catalog.username, catalog.password) != reader
        ):
            yield f"{name} signs in to the catalog as somebody whom nobody makes"
    for store in manifests.of("StatefulSet"):
        for word in _words(store):
            if re.match(r"seenit\.", word) and word != setup["SEENIT_TOPIC"]:
                yield f"{store['metadata']['name']} tells of changes on another topic"
