"""k8s/: rendered by kustomize, valid by Kubernetes' own schemas, and held to the house's rules."""

import shutil
import subprocess

import pytest
import yaml

from k8s.rules import TARGET, manifest
from stack.programs import tool
from stack.service import CannotRun
from tests.deployment.manifests import Manifests, faults, render
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
}
IN_PRODUCTION = {
    "more workers than partitions": ("maxReplicaCount: 24", "maxReplicaCount: 30"),
    "nobody who keeps house": ("minReplicaCount: 1", "minReplicaCount: 0"),
    "another group": ("consumerGroup: seenit", "consumerGroup: faust"),
    "a topic with other partitions": ("partitions: 24", "partitions: 12"),
    "a monitor of nothing": (
        "- interval: 15s\n    path: /metrics\n    port: http",
        "- interval: 15s\n    path: /metrics\n    port: web",
    ),
    "another version of an operator": ("keda.sh/v1alpha1", "keda.sh/v1"),
    "two who say how many": (
        "  revisionHistoryLimit: 5",
        "  revisionHistoryLimit: 5\n  replicas: 2",
    ),
}
IN_DEV = {
    "a wrong address": ("http://milvus:19530", "http://milvus:19350"),
    "a store that starts before it knows whom to tell": (
        'name: MINIO_SYNC_BOOT\n          value: "on"',
        'name: MINIO_SYNC_BOOT\n          value: "off"',
    ),
}


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
    assert [*faults(Manifests(rendered[overlay]))] == []


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
    assert [*faults(Manifests(text.replace(right, wrong)))] != []


def test_a_mistake_in_a_kustomization_is_refused(rendered, tmp_path):
    assert rendered
    shutil.copytree(ROOT / "k8s", tmp_path / "k8s")
    page = tmp_path / "k8s/base/kustomization.yaml"
    page.write_text(page.read_text().replace("- worker.yaml", "- workers.yaml"))
    with pytest.raises(subprocess.CalledProcessError):
        render(tmp_path / "k8s/overlays/dev")


def test_production_holds_no_secret(rendered):
    assert Manifests(rendered["production"]).of("Secret") == []


def test_what_production_takes_from_secrets_is_told_to_whoever_installs_it(rendered):
    page = (ROOT / "docs/install.md").read_text()
    for workload in Manifests(rendered["production"]).of("Deployment", "Job"):
        for variable in workload["spec"]["template"]["spec"]["containers"][0]["env"]:
            if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
                assert f"`{reference['name']}`" in page
                assert f"`{reference['key']}`" in page


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
