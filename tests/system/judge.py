"""The judge: what must hold between a folder and the state Seenit keeps of it.

Lists and hashes the files itself and reads the SQLite file as it lies on the disk; asks no part of
Seenit, and none of its counters.
"""

import hashlib
import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from tests.verdict import Place, wrong_images, wrong_objects, wrong_vectors


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
        *wrong_objects(expected, objects),
        *wrong_images(live, images, collected=collected),
        *wrong_vectors(live, {image_id for image_id, _, _ in images}, vectors, collected=collected),
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
