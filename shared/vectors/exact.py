"""The embedded index: exact search in memory over vectors kept in the catalog's own SQLite file."""

import json
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from shared.errors import TransientError
from shared.protocols import Embeddings
from shared.records import Neighbour
from shared.vectors.matrix import BLOCK_ROWS, Matrix

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS vectors (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        model_id TEXT NOT NULL,
        image_id TEXT NOT NULL,
        embedding BLOB, -- float32, little-endian; NULL where the image was deleted
        UNIQUE (model_id, image_id)
    )
"""
_FLOAT32 = np.dtype("<f4")
_PAGE = 1024
QUICK_ROWS = 8_192
"""Rows that are compared in half a millisecond. To ask a thread for that costs as much: 0.7 of the
2.1 core-ms of a search that needs no embedding, on a busy machine."""


class ExactIndex:
    """Exact nearest neighbours for one model; several processes may share the file.

    The table is the truth and the matrix in memory only mirrors it. Every write, a deletion too,
    leaves a row with a new and higher `seq`, so whoever reads on from the last `seq` it saw knows
    all; SQLite's `data_version` tells cheaply whether there is anything to read. A search thus sees
    every write committed before it began, by this process or another.

    The file is in WAL mode with `synchronous=NORMAL`. A killed process loses nothing that was
    committed. A power cut may lose the last commits, but only a tail of them, as the log is
    replayed in order up to the first frame that is not whole. A vector is committed before its
    catalog row, in the same file, so where the row is, the vector is; the tail that is lost is
    found by comparing with the bucket.

    Nothing is read into memory before `load` or the first search; about 2 KiB per vector then.

    Args:
        path: the file; made where it is missing.
        model_id: whose embeddings; rows of another model are never read.
        dimension: length of an embedding.
        busy_s: how long to wait for another writer of the file.

    Raises:
        TransientError: from any method: the file is locked for longer than `busy_s`, the disk is
            full, or it cannot be read.
    """

    find_cost = 0.3  # to rank it
    among_cost = 0.0  # to copy its row out; but then those of the others are not read

    def __init__(self, path: Path, model_id: str, dimension: int, busy_s: float = 30.0) -> None:
        self._model_id = model_id
        self._dimension = dimension
        self._writing = Lock()
        self._reading = Lock()  # guards the reader and all that follows
        self._matrix = Matrix(dimension)
        self._seen = 0
        self._version: int | None = None
        with _transient():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writer = _connect(path, busy_s)
            self._reader = _connect(path, busy_s)
            self._writer.execute(_SCHEMA)

    def upsert(self, image_ids: Sequence[str], embeddings: Embeddings) -> None:
        """Write embeddings, shape (n, dimension), in one transaction; of doubles the last."""
        if embeddings.shape != (len(image_ids), self._dimension):
            raise ValueError(f"{len(image_ids)} images, embeddings of shape {embeddings.shape}")
        vectors = np.ascontiguousarray(embeddings, _FLOAT32)
        self._write(
            "REPLACE INTO vectors (model_id, image_id, embedding) VALUES (?, ?, ?)",
            [(self._model_id, *pair) for pair in zip(image_ids, map(bytes, vectors), strict=True)],
        )

    def delete(self, image_ids: Collection[str]) -> None:
        """Remove embeddings in one transaction."""
        self._write(
            "REPLACE INTO vectors (model_id, image_id, embedding)"
            " SELECT model_id, image_id, NULL FROM vectors WHERE model_id = ?"
            " AND embedding IS NOT NULL AND image_id IN (SELECT value FROM json_each(?))",
            [(self._model_id, json.dumps(list(image_ids)))],
        )

    def get(self, image_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return embeddings from the file, bit for bit as they were written."""
        query = (
            "SELECT image_id, embedding FROM vectors WHERE model_id = ? AND embedding IS NOT NULL"
            " AND image_id IN (SELECT value FROM json_each(?))"
        )
        with self._reading, _transient():
            rows = self._reader.execute(query, (self._model_id, json.dumps(image_ids))).fetchall()
        return {name: np.frombuffer(blob, _FLOAT32) for name, blob in rows}

    def held(self, image_ids: Collection[str]) -> set[str]:
        """Tell which of these images have an embedding in the file."""
        query = (
            "SELECT image_id FROM vectors WHERE model_id = ? AND embedding IS NOT NULL"
            " AND image_id IN (SELECT value FROM json_each(?))"
        )
        wanted = (self._model_id, json.dumps(list(image_ids)))
        with self._reading, _transient():
            return {name for (name,) in self._reader.execute(query, wanted)}

    def nearest(
        self, queries: Embeddings, limit: int, among: Collection[str] | None = None
    ) -> list[list[Neighbour]]:
        """Find neighbours by comparing with every vector; about 6 ms per 100,000 of 512 numbers."""
        with self._reading, _transient():
            self._follow()
            snapshot = self._matrix.snapshot(among)
        return snapshot.nearest(np.ascontiguousarray(queries, np.float32), limit)

    def load(self) -> None:
        """Read all vectors, about a second per 100,000."""
        with self._reading, _transient():
            self._follow()
            self._matrix.snapshot(())  # sorts the names, lest the first search among some does

    def quick(self) -> bool:
        """Whether there are few vectors, all of them in memory, and nobody else asks for them."""
        if not self._reading.acquire(blocking=False):
            return False
        try:
            rows = len(self._matrix) + self._matrix.dead
            return rows <= QUICK_ROWS and self._version == self._data_version()
        except sqlite3.Error:
            return False  # whoever asks in earnest is told
        finally:
            self._reading.release()

    def ids(self) -> Iterator[str]:
        """Name every image in order, page by page, so that no long read holds up the log."""
        query = (
            "SELECT image_id FROM vectors WHERE model_id = ? AND image_id > ?"
            " AND embedding IS NOT NULL ORDER BY image_id LIMIT ?"
        )
        last = ""
        while True:
            with self._reading, _transient():
                page = self._reader.execute(query, (self._model_id, last, _PAGE)).fetchall()
            yield from (name for (name,) in page)
            if len(page) < _PAGE:
                return
            last = page[-1][0]

    def close(self) -> None:
        """Close the file."""
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()

    def _write(self, statement: str, rows: Sequence[tuple[str | bytes, ...]]) -> None:
        with self._writing, _transient(), self._writer:
            self._writer.execute("BEGIN IMMEDIATE")
            self._writer.executemany(statement, rows)
        with self._reading, _transient():
            if self._version is not None:  # someone searches here: leave the next search little
                self._follow()

    def _follow(self) -> None:
        """Bring the matrix up to what is committed in the file."""
        version = self._data_version()
        if version == self._version:
            return
        if self._matrix.dead > len(self._matrix) + BLOCK_ROWS:
            self._matrix, self._seen = Matrix(self._dimension), 0
        rows = self._reader.execute(
            "SELECT seq, image_id, embedding FROM vectors"
            " WHERE seq > ? AND model_id = ? ORDER BY seq",
            (self._seen, self._model_id),
        )
        for seq, image_id, blob in rows:
            if blob is None:
                self._matrix.drop(image_id)
            else:
                self._matrix.put(image_id, np.frombuffer(blob, _FLOAT32))
            self._seen = seq
        self._version = version

    def _data_version(self) -> int:
        """Ask SQLite for the number that changes when another connection has written."""
        (version,) = self._reader.execute("PRAGMA data_version").fetchone()
        return int(version)


def _connect(path: Path, busy_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=busy_s, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


@contextmanager
def _transient() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise TransientError("index", str(error)) from error
