"""The judge: what must hold between a folder and the state Seenit keeps of it.

Lists and hashes the files itself and reads the SQLite file as it lies on the disk; asks no part of
Seenit, and none of its counters.
"""

import hashlib
import math
import os
import sqlite3
import struct
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

DIMENSION = 512
Place = tuple[bytes, bytes]
"""Bucket and key."""


def disagreements(
    folder: Path,
    rejected: Mapping[str, str] | None = None,
    *,
    state: Path | None = None,
    collected: bool = False,
) -> list[str]:
    """Say all that is wrong; empty when catalog, index and folder agree.

    Args:
        folder: as given to `seenit up`.
        rejected: relative paths and reasons of the files that must not be indexed.
        state: Seenit's data directory.
        collected: images without an object must be gone too.
    """
    state = state or folder / ".seenit"
    expected = _expected(folder, rejected or {})
    with closing(sqlite3.connect(f"file:{state / 'catalog.db'}?mode=ro", uri=True)) as database:
        objects = database.execute(
            'SELECT bucket, "key", state, image_id, reason, size FROM objects'
        ).fetchall()
        images = database.execute("SELECT image_id, state, bytes FROM images").fetchall()
        vectors = database.execute(
            "SELECT image_id, embedding FROM vectors WHERE embedding IS NOT NULL"
        ).fetchall()
        (integrity,) = database.execute("PRAGMA integrity_check").fetchone()
    live = {digest for kind, digest, _ in expected.values() if kind == "indexed"}
    return [
        *([] if integrity == "ok" else [f"the file is damaged: {integrity}"]),
        *_objects(expected, objects),
        *_images(live, images, collected=collected),
        *_vectors(live, {image_id for image_id, _, _ in images}, vectors, collected=collected),
    ]


def _expected(folder: Path, rejected: Mapping[str, str]) -> dict[Place, tuple[str, str, int]]:
    """Walk the folder: per place its state, its digest or reason, and its size."""
    expected = {}
    for above, folders, files in os.walk(os.fsencode(folder)):
        if above == os.fsencode(folder) and b".seenit" in folders:
            folders.remove(b".seenit")
        for name in files:
            path = above + b"/" + name
            relative = os.path.relpath(path, os.fsencode(folder))
            first, _, rest = relative.partition(b"/")
            place = (first, rest) if rest and first != b"pictures" else (b"pictures", relative)
            if (reason := rejected.get(os.fsdecode(relative))) is not None:
                expected[place] = ("rejected", reason, -1)
                continue
            data = Path(os.fsdecode(path)).read_bytes()
            expected[place] = ("indexed", hashlib.sha256(data).hexdigest(), len(data))
    return expected


def _objects(expected: dict[Place, tuple[str, str, int]], rows: list[tuple]) -> list[str]:
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


def _images(live: set[str], rows: list[tuple], *, collected: bool) -> list[str]:
    indexed = {image_id for image_id, state, _ in rows if state == "indexed"}
    wrong = [f"image {digest} is not indexed" for digest in live - indexed]
    if collected:
        wrong += [
            f"image {image_id} is left over" for image_id, _, _ in rows if image_id not in live
        ]
    return wrong


def _vectors(live: set[str], images: set[str], rows: list[tuple], *, collected: bool) -> list[str]:
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
