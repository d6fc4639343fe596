"""Where the parts listen and where they keep what must not be lost, by their images' own habits."""

import re
from collections.abc import Iterable, Iterator

LISTENS = {
    "kafka": {9092, 9093},
    "minio": {9000, 9001},
    "mysql": {3306},
    "milvus": {19530, 9091},
    "etcd": {2379},
    "milvus-storage": {9000},
    "prometheus": {9090},
    "alertmanager": {9093},
    "grafana": {3000},
    "attu": {3000},
}

LOOKS_INTO = {
    "mysql": {"/var/lib/mysql"},
    "milvus": {"/var/lib/milvus"},
    "grafana": {"/var/lib/grafana", "/etc/grafana/provisioning"},
}
"""Where those keep and read what they do whom nobody tells another place."""

_EVERYWHERE = re.compile(r"(?<![\w.\]}-])(?:0\.0\.0\.0)?:(\d{2,5})(?!\w)")
_PLACE = re.compile(r"(?:^|=)(/[\w./-]+)$")


def listening(words: Iterable[str]) -> set[int]:
    """Find the ports at which a program is told to listen, at all of its machine's addresses."""
    return {int(port) for word in words for port in _EVERYWHERE.findall(word)}


def places(name: str, words: Iterable[str]) -> set[str]:
    """Tell the folders and files that a part keeps or reads.

    Args:
        name: of the part.
        words: what its program is told.
    """
    told = {found[1] for word in words if (found := _PLACE.search(word))}
    return told | LOOKS_INTO.get(name, set())


def misplaced(kept: Iterable[str], mounts: Iterable[str]) -> Iterator[str]:
    """Tell of places that are the container's own, and of mounts that nobody looks into."""
    for place in kept:
        if not any(within(place, mount) for mount in mounts):
            yield f"{place} is the container's own"
    for mount in mounts:
        if not any(within(place, mount) for place in kept):
            yield f"nobody looks into {mount}"


def within(place: str, mount: str) -> bool:
    """Tell whether a place lies on what is mounted."""
    return f"{place}/".startswith(f"{mount}/")
