"""What operators are asked for, and what is wrong with that."""

from collections.abc import Iterator
from typing import Any

from streams.topics import dead_letters
from tests.deployment.kubernetes.manifests import Manifests
from tests.deployment.kubernetes.schemas import CUSTOM
from tests.deployment.rules import PINNED

SIZED = {"Milvus": ("components", "queryNode"), "Tenant": ("pools",)}
"""Where a kind says how much memory its largest pods get."""


def asked(manifests: Manifests) -> Iterator[str]:
    """Tell what is wrong."""
    for resource in manifests.of(*CUSTOM):
        name = f"{resource['kind']} {resource['metadata']['name']}"
        for image in _values(resource["spec"], "image"):
            if not PINNED.fullmatch(image):
                yield f"{name}: the image is not pinned: {image}"
        yield from (f"{name}: its memory has no limit" for _ in _boundless(resource))
    yield from _rights(manifests)


def _values(tree: Any, key: str) -> Iterator[Any]:
    """Find whatever stands behind a key, however deep."""
    if isinstance(tree, dict):
        if key in tree:
            yield tree[key]
        tree = tree.values()
    elif not isinstance(tree, list):
        return
    for branch in tree:
        yield from _values(branch, key)


def _boundless(resource: dict[str, Any]) -> Iterator[Any]:
    sized = resource["spec"]
    for key in SIZED.get(resource["kind"], ()):
        sized = sized[key]
    if resource["kind"] in SIZED:
        for pods in sized if isinstance(sized, list) else [sized]:
            if "memory" not in pods.get("resources", {}).get("limits", {}):
                yield pods


def _rights(manifests: Manifests) -> Iterator[str]:
    """Tell what a user of Kafka's does and may not; `tests/system/test_rights.py` tries it."""
    users = manifests.of("KafkaUser")
    if not users:
        return
    told = manifests.settings(manifests.named("Deployment", "seenit-worker") or {})
    topic, group = told["SEENIT_TOPIC"], told["SEENIT_CONSUMER_GROUP"]
    does = {
        ("seenit-worker", "topic", topic): {"Read", "Write", "Describe"},
        ("seenit-worker", "topic", dead_letters(topic)): {"Write", "Describe"},
        ("seenit-worker", "group", group): {"Read", "Describe"},
        ("seenit-setup", "topic", topic): {"Create", "Describe", "Alter"},
        ("seenit-store", "topic", topic): {"Write", "Describe"},
    }
    may = {
        (user["metadata"]["name"], acl["resource"]["type"], acl["resource"]["name"]): acl
        for user in users
        for acl in user["spec"]["authorization"]["acls"]
    }
    for (user, kind, name), wanted in does.items():
        missing = wanted - {*may.get((user, kind, name), {}).get("operations", ())}
        if missing:
            yield f"{user} may not {', '.join(sorted(missing))} the {kind} {name}"
