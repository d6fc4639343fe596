"""What is wrong with pods: what they may do, what they may take, and when they count as alive."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from shared.settings import PREFIX, Settings
from tests.deployment.dockerfile import HEALTH, IMAGES
from tests.deployment.kubernetes.manifests import Manifests, Resource
from tests.deployment.rules import PINNED, unknown_settings

READY = {"worker": "/readyz", "serve": "/readyz?parts=none"}
"""What tells whether a verb is ready. A part that is down must not take all search away."""


def unfit(workload: Resource, manifests: Manifests) -> Iterator[str]:
    """Tell what is wrong with the pods of a workload; of Seenit's own more is asked."""
    pod = workload["spec"]["template"]["spec"]
    ours = workload["metadata"]["name"].startswith("seenit-")
    yield from _pod(pod)
    for container in pod["containers"]:
        yield from _container(container, ours=ours)
    if ours:
        yield from _seenits(workload, manifests)


def _pod(pod: Resource) -> Iterator[str]:
    security = pod.get("securityContext", {})
    if security.get("runAsNonRoot") is not True or not security.get("runAsUser"):
        yield "it may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "it may make any system call"
    if pod.get("automountServiceAccountToken") is not False:
        yield "it is given a token for Kubernetes"
    if pod.get("enableServiceLinks") is not False:
        yield "it is told of Services by variables that look like settings"


def _container(container: Resource, *, ours: bool) -> Iterator[str]:
    if not PINNED.fullmatch(container.get("image", "")):
        yield f"the image is not pinned: {container.get('image')}"
    resources = container.get("resources", {})
    if "memory" not in resources.get("limits", {}):
        yield "its memory has no limit"
    if not {"cpu", "memory"} <= resources.get("requests", {}).keys():
        yield "it does not say what it needs"
    yield from _locked(container.get("securityContext", {}), ours=ours)
    yield from _probes(container, ours=ours)


def _locked(security: Resource, *, ours: bool) -> Iterator[str]:
    if security.get("allowPrivilegeEscalation") is not False:
        yield "it may gain privileges"
    if security.get("capabilities") != {"drop": ["ALL"]}:
        yield "it has capabilities"
    if ours and security.get("readOnlyRootFilesystem") is not True:
        yield "it may write to its root"


def _probes(container: Resource, *, ours: bool) -> Iterator[str]:
    ports = {port["name"] for port in container.get("ports", ())}
    for name in ("startupProbe", "livenessProbe", "readinessProbe"):
        probe = container.get(name, {})
        asked = probe.get("httpGet") or probe.get("tcpSocket") or {}
        if asked and asked.get("port") not in ports:
            yield f"{name} asks at {asked.get('port')}, which is none of its ports"
        if ports and not asked and (ours or name != "livenessProbe"):
            yield f"it has no {name}"
        if ours and asked:
            wanted = READY[container["args"][0]] if name == "readinessProbe" else "/livez"
            if asked.get("path") != wanted or urlsplit(wanted).path not in HEALTH:
                yield f"{name} asks for {asked.get('path')}, not for {wanted}"


def _seenits(workload: Resource, manifests: Manifests) -> Iterator[str]:
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    told = manifests.settings(workload)
    yield from (f"no setting {it}" for it in unknown_settings(told))
    try:
        settings = Settings(**{k.removeprefix(PREFIX).lower(): v for k, v in told.items()})
    except ValueError as error:
        yield f"its settings are refused: {error}"
        return
    (verb,) = container["args"]
    if verb not in {*IMAGES.values(), "setup"}:
        yield f"no image starts {verb}"
    ports = [port["containerPort"] for port in container.get("ports", ())]
    if ports != {"worker": [settings.worker_port], "serve": [settings.port]}.get(verb, []):
        yield f"its ports are {ports}"
    if ports and pod.get("terminationGracePeriodSeconds", 30) <= settings.drain_s + 5:
        yield "it is killed before it has drained"
    if ports and len(pod.get("topologySpreadConstraints", ())) < 2:
        yield "nothing spreads it over nodes and zones"
    if verb == "serve" and settings.kafka_url:
        yield "search is led to Kafka"
    if "/tmp" not in {mount["mountPath"] for mount in container.get("volumeMounts", ())}:
        yield "there is nowhere that it may write"
    limit = container["resources"]["limits"].get("memory", "0Gi")
    if ports and 2 * settings.decode_memory > _bytes(limit):
        yield "two decoding processes may fill all its memory"


def _bytes(quantity: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(Mi|Gi)", quantity).groups()
    return int(number) * {"Mi": 2**20, "Gi": 2**30}[unit]
