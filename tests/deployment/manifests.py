"""Renders the manifests, and tells what is wrong with them."""

import json
import re
import subprocess
from base64 import b64decode
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import kubernetes_validate
import yaml

from shared.settings import PREFIX, Settings
from stack.programs import tool
from streams.topics import topics_of
from tests.deployment.dockerfile import HEALTH, IMAGES
from tests.deployment.rules import PINNED, ROOT, TELLING, unknown_settings

Resource = dict[str, Any]

KUBERNETES = "1.34"
CUSTOM = {
    "InnoDBCluster": "mysql.oracle.com/v2",
    "KafkaTopic": "kafka.strimzi.io/v1",
    "KafkaUser": "kafka.strimzi.io/v1",
    "Milvus": "milvus.io/v1beta1",
    "PrometheusRule": "monitoring.coreos.com/v1",
    "ScaledObject": "keda.sh/v1alpha1",
    "ServiceMonitor": "monitoring.coreos.com/v1",
    "Tenant": "minio.min.io/v2",
    "TriggerAuthentication": "keda.sh/v1alpha1",
}
"""What operators define; no schema of these is looked at."""


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


READY = {"worker": "/readyz", "serve": "/readyz?parts=none"}
"""What tells whether a verb is ready. A part that is down must not take all search away."""

SECRETS = {
    "SEENIT_CATALOG_URL": "mysql://user:password@mysql:3306/seenit",
    "SEENIT_KAFKA_URL": "kafka://kafka:9092",
    "SEENIT_SEARCH_PASSWORD": "a-password",
}


def faults(manifests: Manifests) -> Iterator[str]:
    """Tell what is wrong."""
    for resource in manifests.all:
        name = f"{resource['kind']} {resource['metadata']['name']}"
        for fault in (*_schema(resource), *_refers(resource, manifests)):
            yield f"{name}: {fault}"
    for workload in manifests.workloads():
        name = f"{workload['kind']} {workload['metadata']['name']}"
        pod = workload["spec"]["template"]["spec"]
        ours = workload["metadata"]["name"].startswith("seenit-")
        for fault in (
            *_pod(pod),
            *(fault for each in pod["containers"] for fault in _container(each, ours=ours)),
            *(_seenits(workload, manifests) if ours else ()),
        ):
            yield f"{name}: {fault}"
    yield from _stores(manifests)
    yield from _whole(manifests)
    yield from _scaling(manifests)


@cache
def _validated(text: str) -> str:
    try:
        kubernetes_validate.validate(json.loads(text), KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    except kubernetes_validate.SchemaNotFoundError:
        return "Kubernetes knows no such kind"
    return ""


def _schema(resource: Resource) -> Iterator[str]:
    kind = resource["kind"]
    if kind in CUSTOM:
        if resource["apiVersion"] != CUSTOM[kind]:
            yield f"{resource['apiVersion']} is not {CUSTOM[kind]}"
    elif problem := _validated(json.dumps(resource)):
        yield problem


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


def _refers(resource: Resource, manifests: Manifests) -> Iterator[str]:
    """Tell what a resource leads to that is not there."""
    leads = LEADS.get(resource["kind"])
    return leads(resource["spec"], manifests) if leads else iter(())


def _ports(pods: list[Resource]) -> set[str]:
    return {
        port["name"]
        for pod in pods
        for container in pod["spec"]["containers"]
        for port in container.get("ports", ())
    }


def _service(spec: Resource, manifests: Manifests) -> Iterator[str]:
    pods = manifests.pods(spec["selector"])
    if not pods:
        yield "it selects no pods"
    wanted = {port["targetPort"] for port in spec["ports"]}
    yield from (f"its pods have no port {name}" for name in wanted - _ports(pods))


def _budget(spec: Resource, manifests: Manifests) -> Iterator[str]:
    if not manifests.pods(spec["selector"]["matchLabels"]):
        yield "it guards no pods"
    if not spec.get("maxUnavailable"):
        yield "it lets no pod go, so no node is ever drained"


def _scaler(spec: Resource, manifests: Manifests) -> Iterator[str]:
    target = manifests.named("Deployment", spec["scaleTargetRef"]["name"])
    if target is None:
        yield "it scales nothing"
    elif "replicas" in target["spec"]:
        yield "it and its Deployment both say how many there are"


def _policy(spec: Resource, manifests: Manifests) -> Iterator[str]:
    labels = spec["podSelector"].get("matchLabels", {})
    pods = manifests.pods(labels)
    if not pods:
        yield "it is about no pods"
    wanted = {port["port"] for rule in spec.get("ingress", ()) for port in rule.get("ports", ())}
    yield from (f"its pods have no port {name}" for name in wanted - _ports(pods))


def _monitor(spec: Resource, manifests: Manifests) -> Iterator[str]:
    wanted = spec["selector"]["matchLabels"].items()
    services = [s for s in manifests.of("Service") if wanted <= s["metadata"]["labels"].items()]
    ports = {port["name"] for service in services for port in service["spec"]["ports"]}
    if {end["port"] for end in spec["endpoints"]} != ports:
        yield "it watches no port of a Service"
    if {end["path"] for end in spec["endpoints"]} != {"/metrics"}:
        yield "it asks for another page than the one of the metrics"
    told = [
        manifests.settings(workload)
        for workload in manifests.workloads()
        if wanted <= workload["metadata"]["labels"].items()
    ]
    signs_in = all("authorization" in end for end in spec["endpoints"])
    if any("SEENIT_API_TOKENS" in each for each in told) and not signs_in:
        yield "it is let in by no token"


LEADS = {
    "Service": _service,
    "PodDisruptionBudget": _budget,
    "HorizontalPodAutoscaler": _scaler,
    "ScaledObject": _scaler,
    "NetworkPolicy": _policy,
    "ServiceMonitor": _monitor,
}


def _stores(manifests: Manifests) -> Iterator[str]:
    told = [store["spec"]["env"] for store in manifests.of("Tenant")]
    told += [
        pod["spec"]["containers"][0]["env"]
        for pod in manifests.pods({"app.kubernetes.io/name": "minio"})
    ]
    for given in told:
        settings = {variable["name"]: variable.get("value") for variable in given}
        if not TELLING.items() <= settings.items():
            yield f"MinIO is not told {TELLING}"
    if not told:
        yield "there is no store"


def _whole(manifests: Manifests) -> Iterator[str]:
    (namespace,) = manifests.of("Namespace")
    if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
        yield "the namespace lets in any pod"
    denied = manifests.named("NetworkPolicy", "default-deny")
    if denied is None or denied["spec"] != {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }:
        yield "what no policy names is not refused"
    accounts = {each["metadata"]["name"] for each in manifests.of("ServiceAccount")}
    for workload in manifests.of("Deployment", "Job"):
        if workload["spec"]["template"]["spec"].get("serviceAccountName") not in accounts:
            yield f"{workload['metadata']['name']} runs as everyone"
    for source in manifests.of("ConfigMap"):
        yield from (f"no setting {it}" for it in unknown_settings(source["data"]))
    jobs = yaml.safe_load((ROOT / "monitoring/prometheus/prometheus.yml").read_text())
    watched = {job["job_name"] for job in jobs["scrape_configs"]}
    names = {each["metadata"]["name"] for each in manifests.of("Service")}
    if not {name for name in watched if name.startswith("seenit")} <= names:
        yield "the alerts know the jobs by other names than the Services have"


def _scaling(manifests: Manifests) -> Iterator[str]:
    worker = manifests.named("Deployment", "seenit-worker")
    told = manifests.settings(worker) if worker else {}
    for scaled in manifests.of("ScaledObject"):
        spec, trigger = scaled["spec"], scaled["spec"]["triggers"][0]["metadata"]
        if spec["maxReplicaCount"] != int(told["SEENIT_PARTITIONS"]):
            yield "there may be more or fewer workers than partitions"
        if spec["minReplicaCount"] < 1:
            yield "there may be nobody who keeps house"
        if trigger["topic"] != told["SEENIT_TOPIC"]:
            yield "it looks at another topic"
        if trigger["consumerGroup"] != told["SEENIT_CONSUMER_GROUP"]:
            yield "it looks at another group"
    size = int(told["SEENIT_PARTITIONS"]), int(told["SEENIT_REPLICATION"])
    for topic in topics_of(told["SEENIT_TOPIC"], *size) if manifests.of("KafkaTopic") else ():
        made = (manifests.named("KafkaTopic", topic.name) or {"spec": {}})["spec"]
        if (made.get("partitions"), made.get("replicas")) != (topic.partitions, topic.replication):
            yield f"{topic.name} has other partitions or copies than setup makes"
        if not topic.options.items() <= made.get("config", {}).items():
            yield f"{topic.name} has other options than setup gives it: {topic.options}"
