"""k8s/: rendered by kustomize, valid by Kubernetes' own schemas, and held to the house's rules."""

import shutil
import subprocess
from collections.abc import Iterator

import pytest
import yaml

from k8s.rules import TARGET, manifest
from stack.programs import tool
from stack.service import CannotRun
from tests.deployment.kubernetes.manifests import Manifests, render
from tests.deployment.kubernetes.operators import asked
from tests.deployment.kubernetes.overlay import faults
from tests.deployment.kubernetes.ways import astray
from tests.deployment.rules import ROOT, missing

OVERLAYS = ("dev", "production")

BROKEN = {
    "a misspelt key": ("terminationGracePeriodSeconds", "terminationGracePeriodSecond"),
    "a value of another type": ("periodSeconds: 10", "periodSeconds: often"),
    "a kind there is not": ("kind: PodDisruptionBudget", "kind: PodDisruptionBudgets"),
    "another version of a kind": ("autoscaling/v2", "autoscaling/v2beta2"),
    "an image that moves": ("seenit/worker:0.1.0", "seenit/worker:latest"),
    "no limit of memory": ("            memory: 4Gi", "            ephemeral-storage: 4Gi"),
    "a probe at a port there is not": (
        "path: /livez\n            port: health",
        "path: /livez\n            port: helth",
    ),
    "a probe for a page there is not": ("path: /readyz", "path: /ready"),
    "a part without which no search is let in": ("path: /readyz?parts=none", "path: /readyz"),
    "a store that starts before it knows whom to tell": (
        'name: MINIO_SYNC_BOOT\n    value: "on"',
        'name: MINIO_SYNC_BOOT\n    value: "off"',
    ),
    "root": ("runAsNonRoot: true", "runAsNonRoot: false"),
    "a root that may be written": ("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    "a token": (
        "      automountServiceAccountToken: false",
        "      automountServiceAccountToken: true",
    ),
    "variables that look like settings": ("enableServiceLinks: false", "enableServiceLinks: true"),
    "capabilities": ("- ALL", "- NET_RAW"),
    "a setting there is not": ("SEENIT_DRAIN_S", "SEENIT_DRAIN"),
    "a setting's value": ('SEENIT_DRAIN_S: "20"', 'SEENIT_DRAIN_S: "0"'),
    "a worker that is killed while it drains": ('SEENIT_DRAIN_S: "20"', 'SEENIT_DRAIN_S: "60"'),
    "decoding that may fill all memory": ('MEMORY: "1610612736"', 'MEMORY: "3221225472"'),
    "a Service for nobody": ("targetPort: http\n", "targetPort: https\n"),
    "any pod let in": ("pod-security.kubernetes.io/enforce: restricted", "enforce: privileged"),
    "no policy": ("name: default-deny", "name: default"),
    "a policy for a port there is not": ("- port: health", "- port: metrics"),
    "a budget that lets no node be drained": ("maxUnavailable: 1\n", "maxUnavailable: 0\n"),
}
IN_PRODUCTION = {
    "more workers than partitions": ("maxReplicaCount: 24", "maxReplicaCount: 30"),
    "nobody who keeps house": ("minReplicaCount: 1", "minReplicaCount: 0"),
    "another group": ("consumerGroup: seenit", "consumerGroup: faust"),
    "a topic with other partitions": ("partitions: 24", "partitions: 12"),
    "a monitor of nothing": (
        "    path: /metrics\n    port: http",
        "    path: /metrics\n    port: web",
    ),
    "a monitor of another page": ("path: /metrics", "path: /metric"),
    "a monitor that no token lets in": ("- authorization:\n", "- basicAuth:\n"),
    "an image of an operator that moves": ("milvus:v2.6.16", "milvus:latest"),
    "an operator's pods without a limit of memory": (
        "          memory: 16Gi\n",
        "          cpu: 2\n",
    ),
    "an index at another port": ("seenit-index.svc:19530", "seenit-index.svc:19350"),
    "a lag that is asked for at another port": ("seenit-kafka.svc:9093", "seenit-kafka.svc:9039"),
    "a lag that is asked for by nobody": ("kind: TriggerAuthentication", "kind: Authentication"),
    "a part to which no way out leads": ("- port: 19530", "- port: 19350"),
    "a way out for nobody": ("      - seenit-setup\n", "      - seenit-setups\n"),
    "a worker who may not tell what comparing finds": ("- Read\n      - Write\n", "- Read\n"),
    "another version of an operator": ("keda.sh/v1alpha1", "keda.sh/v1"),
    "two who say how many": (
        "  revisionHistoryLimit: 5",
        "  revisionHistoryLimit: 5\n  replicas: 2",
    ),
}
IN_DEV = {
    "a wrong address": ("http://milvus:19530", "http://milvus:19350"),
    "a port that nothing listens at": ("containerPort: 3306", "containerPort: 3307"),
    "a Service at another port": (
        "  - name: mysql\n    port: 3306",
        "  - name: mysql\n    port: 3307",
    ),
    "a listener at another port": ("PLAINTEXT://:9092", "PLAINTEXT://:9902"),
    "a store that tells nobody": ("value: kafka:9092", "value: kafka:9902"),
    "another topic": ("value: seenit.notifications", "value: seenit.notification"),
    "data beside its volume": ("mountPath: /var/lib/mysql", "mountPath: /var/lib/mysqld"),
    "a part that is asked before it is ready": (
        "readinessProbe:\n          periodSeconds",
        "livenessProbe:\n          periodSeconds",
    ),
    "a user whom nobody makes": ("value: seenit-search", "value: seenit-reader"),
    "a store that starts before it knows whom to tell": (
        'name: MINIO_SYNC_BOOT\n          value: "on"',
        'name: MINIO_SYNC_BOOT\n          value: "off"',
    ),
}


def wrong_with(text: str) -> list[str]:
    manifests = Manifests(text)
    return [*faults(manifests), *astray(manifests), *asked(manifests)]


@pytest.fixture(scope="module")
def rendered():
    """Each overlay's text."""
    try:
        tool("kustomize")
    except CannotRun as reason:
        missing("kustomize", reason)
    return {name: render(ROOT / "k8s/overlays" / name) for name in OVERLAYS}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_nothing_is_wrong_with_it(rendered, overlay):
    assert wrong_with(rendered[overlay]) == []


@pytest.mark.parametrize(
    ("overlay", "right", "wrong"),
    [
        pytest.param(overlay, *pair, id=f"{overlay}: {what}")
        for overlay, table in (
            ("production", BROKEN | IN_PRODUCTION),
            ("dev", IN_DEV),
        )
        for what, pair in table.items()
    ],
)
def test_a_mistake_is_found(rendered, overlay, right, wrong):
    text = rendered[overlay]
    assert right in text
    assert wrong_with(text.replace(right, wrong)) != []


def test_a_mistake_in_a_kustomization_is_refused(rendered, tmp_path):
    assert rendered
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    page = tmp_path / "k8s/base/kustomization.yaml"
    page.write_text(page.read_text().replace("- worker.yaml", "- workers.yaml"))
    with pytest.raises(subprocess.CalledProcessError):
        render(tmp_path / "k8s/overlays/dev")


def test_production_holds_no_secret(rendered):
    assert Manifests(rendered["production"]).of("Secret") == []


def taken(tree: object) -> Iterator[tuple[str, str]]:
    """Find the Secrets, and the keys of them, that something refers to."""
    if isinstance(tree, dict):
        if "secretName" not in tree and {"name", "key"} <= tree.keys():
            yield tree["name"], tree["key"]
        tree = [*tree.values()]
    for branch in tree if isinstance(tree, list) else ():
        yield from taken(branch)


def test_what_production_takes_from_secrets_is_told_to_whoever_installs_it(rendered):
    page = (ROOT / "docs/install.md").read_text()
    kinds = ("Deployment", "Job", "ServiceMonitor", "TriggerAuthentication")
    found = {each for it in Manifests(rendered["production"]).of(*kinds) for each in taken(it)}
    assert {name for name, _ in found} >= {"seenit-setup", "seenit-metrics", "seenit-lag"}
    for name, key in found:
        (row,) = (line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        assert f"`{key}`" in row


def test_devs_secrets_have_all_that_is_taken_from_them(rendered):
    manifests = Manifests(rendered["dev"])
    for workload in manifests.workloads():
        for variable in workload["spec"]["template"]["spec"]["containers"][0]["env"]:
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                secret = manifests.named("Secret", reference["name"])
                assert reference["key"] in secret["data"]


def test_the_rules_are_those_that_prometheus_is_given_elsewhere():
    assert (ROOT / TARGET).read_text() == manifest(ROOT), "make manifests"
    assert len(yaml.safe_load(manifest(ROOT))["spec"]["groups"]) > 1
