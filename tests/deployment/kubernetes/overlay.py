"""What is wrong with an overlay: with each of its resources, and with all of them together."""

from collections.abc import Iterator

import yaml

from streams.topics import topics_of
from tests.deployment.kubernetes.manifests import Manifests
from tests.deployment.kubernetes.pods import unfit
from tests.deployment.kubernetes.references import dangling
from tests.deployment.kubernetes.schemas import misformed
from tests.deployment.rules import ROOT, TELLING, unknown_settings


def faults(manifests: Manifests) -> Iterator[str]:
    """Tell what is wrong."""
    for resource in manifests.all:
        name = f"{resource['kind']} {resource['metadata']['name']}"
        for fault in (*misformed(resource), *dangling(resource, manifests)):
            yield f"{name}: {fault}"
    for workload in manifests.workloads():
        name = f"{workload['kind']} {workload['metadata']['name']}"
        yield from (f"{name}: {fault}" for fault in unfit(workload, manifests))
    yield from _stores(manifests)
    yield from _whole(manifests)
    yield from _scaling(manifests)


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
