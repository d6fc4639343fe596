"""Vectors in memory and the exact search among them; no I/O."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.protocols import Embeddings
from shared.records import Neighbour

BLOCK_ROWS = 16_384
"""Rows per block; a new block is added when the last is full, so growth copies nothing."""

QUERIES_AT_ONCE = 16
"""Bounds the scores held at a time: this many float32 per row."""

ROUNDING = 1e-4
"""More than two float32 dot products of the same unit vectors can differ by."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows as they were at one moment; later writes do not reach it.

    Attributes:
        blocks: float32, each of shape (BLOCK_ROWS, dimension); rows past `len(eligible)` are unset.
        image_ids: the image of each row; may have grown longer since.
        eligible: bool, shape (rows,); which rows may be found.
    """

    blocks: tuple[NDArray[np.float32], ...]
    image_ids: Sequence[str]
    eligible: NDArray[np.bool_]

    def nearest(self, queries: Embeddings, limit: int) -> list[list[Neighbour]]:
        """Find per query, shape (q, dimension), the `limit` eligible rows of highest cosine.

        Ties come in `image_id` order, and an answer does not depend on the other queries asked
        along with it.
        """
        found: list[list[Neighbour]] = []
        for start in range(0, len(queries), QUERIES_AT_ONCE):
            some = queries[start : start + QUERIES_AT_ONCE]
            scores = self._scores(some)
            np.copyto(scores, -np.inf, where=~self.eligible)
            found += [self._best(*pair, limit) for pair in zip(some, scores, strict=True)]
        return found

    def _scores(self, queries: Embeddings) -> NDArray[np.float32]:
        """Multiply all rows with all queries: float32, shape (q, rows).

        For one query memory is the limit, and `vecdot` reads it on this thread alone: as much
        processor time as BLAS, whose second thread would spin on beside the model. Several
        queries share one reading of memory in a true matrix product.
        """
        rows = len(self.eligible)
        scores = np.empty((len(queries), rows), np.float32)
        for number, block in enumerate(self.blocks):
            start = number * BLOCK_ROWS
            used = block[: rows - start]
            product = np.vecdot(used, queries) if len(queries) == 1 else np.matmul(queries, used.T)
            scores[:, start : start + len(used)] = product
        return scores

    def _best(
        self, query: NDArray[np.float32], scores: NDArray[np.float32], limit: int
    ) -> list[Neighbour]:
        """Sort the candidates by a score that is the same for the same vector in any row.

        BLAS rounds a product by where the row lies, so all rows within rounding of the last place
        are candidates and are multiplied again, each alone.
        """
        limit = min(limit, int(np.count_nonzero(self.eligible)))
        if limit < 1:
            return []
        floor = np.partition(scores, -limit)[-limit] - ROUNDING
        rows = np.flatnonzero(scores >= floor)
        vectors = np.stack(
            [self.blocks[row // BLOCK_ROWS][row % BLOCK_ROWS] for row in rows.tolist()]
        )
        exact = np.clip(np.vecdot(vectors, query), -1, 1)
        names = [self.image_ids[row] for row in rows.tolist()]
        order = sorted(range(len(rows)), key=lambda place: (-exact[place], names[place]))
        return [Neighbour(names[place], float(exact[place])) for place in order[:limit]]


class Matrix:
    """A growing set of embeddings, one per image. Not thread-safe; its snapshots are.

    A row is written once and never changed: a replaced or dropped image's row is only marked dead.
    That is why a snapshot costs a copy of the marks and nothing else.

    Attributes:
        dead: how many rows are marked; make a new matrix when they are too many.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._blocks: list[NDArray[np.float32]] = []
        self._image_ids: list[str] = []
        self._row_of: dict[str, int] = {}
        self._alive = np.zeros(BLOCK_ROWS, np.bool_)
        self.dead = 0

    def __len__(self) -> int:
        return len(self._row_of)

    def put(self, image_id: str, embedding: NDArray[np.float32]) -> None:
        """Add an image's embedding, shape (dimension,), in place of the one it had."""
        self.drop(image_id)
        row = len(self._image_ids)
        block, place = divmod(row, BLOCK_ROWS)
        if block == len(self._blocks):
            self._blocks.append(np.empty((BLOCK_ROWS, self._dimension), np.float32))
            self._alive = np.resize(self._alive, (block + 1) * BLOCK_ROWS)
        self._blocks[block][place] = embedding
        self._image_ids.append(image_id)
        self._row_of[image_id] = row
        self._alive[row] = True

    def drop(self, image_id: str) -> None:
        """Forget an image; an unknown one is no error."""
        row = self._row_of.pop(image_id, None)
        if row is not None:
            self._alive[row] = False
            self.dead += 1

    def snapshot(self, among: Collection[str] | None = None) -> Snapshot:
        """Hold on to the rows as they are now, only those `among` these images if given."""
        eligible = self._alive[: len(self._image_ids)].copy()
        if among is not None:
            eligible[:] = False
            eligible[[self._row_of[name] for name in among if name in self._row_of]] = True
        return Snapshot(tuple(self._blocks), self._image_ids, eligible)
