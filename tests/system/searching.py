"""What a search process says of pictures, in a form that can be compared."""

from collections.abc import Iterable
from typing import Any

import httpx

from tests.system.running import PATIENCE_S, Running, heard

Answer = list[dict[str, Any]]


def answers(api: Running, pictures: Iterable[bytes]) -> list[Answer]:
    """Search for each picture; returns the hits of each, with all their objects."""
    return [_hits(api, picture) for picture in pictures]


def _hits(api: Running, picture: bytes) -> Answer:
    url = f"{api.address()}/v1/search"
    asked = {"files": {"image": picture}, "params": {"limit": 20}, "timeout": PATIENCE_S}
    reply = heard(lambda: httpx.post(url, **asked))
    assert reply.status_code == 200, reply.text
    hits = reply.json()["hits"]
    for hit in hits:
        for found in hit["objects"]:
            del found["url"]  # signed anew each time
        hit["similarity"] = round(hit["similarity"], 4)
    return sorted(hits, key=lambda hit: (-hit["similarity"], hit["image_id"]))
