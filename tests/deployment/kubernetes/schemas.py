"""What kinds of resources there are, and of what form."""

import json
from collections.abc import Iterator
from functools import cache

import kubernetes_validate

from tests.deployment.kubernetes.manifests import Resource

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


def misformed(resource: Resource) -> Iterator[str]:
    """Tell where a resource is of another form than its kind."""
    kind = resource["kind"]
    if kind in CUSTOM:
        if resource["apiVersion"] != CUSTOM[kind]:
            yield f"{resource['apiVersion']} is not {CUSTOM[kind]}"
    elif problem := _validated(json.dumps(resource)):
        yield problem


@cache
def _validated(text: str) -> str:
    try:
        kubernetes_validate.validate(json.loads(text), KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return str(error.message)
    except kubernetes_validate.SchemaNotFoundError:
        return "Kubernetes knows no such kind"
    return ""
