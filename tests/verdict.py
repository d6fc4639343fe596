"""What must hold between the objects of a store and what Seenit keeps of them. No I/O.

Whoever judges reads the store, the catalog's tables and the vectors by means of their own, and asks
no part of Seenit.
"""

import math
import struct
from collections import Counter
from collections.abc import Iterable, Mapping

DIMENSION = 512
Place = tuple[bytes, bytes]
"""Bucket and key."""
Expected = Mapping[Place, tuple[str, str, int]]
"""Per place its state (indexed, rejected), its digest or reason, its size (-1: not judged)."""


def wrong_objects(expected: Expected, rows: Iterable[tuple]) -> list[str]:
    """Judge rows of (bucket, key, state, image_id, reason, size)."""
    rows = list(rows)
    wrong = []
    found = Counter((bucket, key) for bucket, key, *_ in rows)
    wrong += [f"{count} rows of {place}" for place, count in found.items() if count > 1]
    wrong += [f"no row of {place}" for place in expected.keys() - found.keys()]
    wrong += [f"a row of {place}, which is not there" for place in found.keys() - expected.keys()]
    for bucket, key, state, image_id, reason, size in rows:
        want = expected.get((bucket, key))
        have = (state, image_id if state == "indexed" else reason, size)
        if want is not None and (have[:2] != want[:2] or (want[2] >= 0 and have[2] != want[2])):
            wrong.append(f"{(bucket, key)} is {have}, not {want}")
        if (image_id is None) == (state == "indexed"):
            wrong.append(f"{(bucket, key)} is {state} with image {image_id}")
    return wrong


def wrong_images(live: set[str], rows: Iterable[tuple], *, collected: bool) -> list[str]:
    """Judge rows of (image_id, state, ...) against the digests that objects hold."""
    rows = list(rows)
    indexed = {image_id for image_id, state, *_ in rows if state == "indexed"}
    wrong = [f"image {digest} is not indexed" for digest in live - indexed]
    if collected:
        wrong += [f"image {row[0]} is left over" for row in rows if row[0] not in live]
    return wrong


def wrong_vectors(
    live: set[str], images: set[str], rows: Iterable[tuple[str, bytes]], *, collected: bool
) -> list[str]:
    """Judge rows of (image_id, embedding as little-endian float32) against the catalog's images."""
    rows = list(rows)
    found = Counter(image_id for image_id, _ in rows)
    wrong = [f"{count} vectors of {image_id}" for image_id, count in found.items() if count > 1]
    wrong += [f"no vector of {digest}" for digest in live - found.keys()]
    wrong += [f"a vector of {image_id}, which has no row" for image_id in found.keys() - images]
    if collected:
        wrong += [
            f"a vector of {image_id}, which no object uses" for image_id in found.keys() - live
        ]
    for image_id, blob in rows:
        if len(blob) != 4 * DIMENSION:
            wrong.append(f"the vector of {image_id} has {len(blob)} bytes")
        elif abs(math.hypot(*struct.unpack(f"<{DIMENSION}f", blob)) - 1) > 1e-3:
            wrong.append(f"the vector of {image_id} is not of length 1")
    return wrong
