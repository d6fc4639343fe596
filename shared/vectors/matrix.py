"""Vectors in memory and the exact search among them; no I/O."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.protocols import Embeddings
from shared.records import Neighbour
from shared.vectors.marked import MarkedRows

BLOCK_ROWS = 16_384
"""Rows per block; a new block is added when the last is full, so growth copies nothing."""

QUERIES_AT_ONCE = 16
"""Bounds the scores held at a time: this many float32 per row."""

COPYING = 4
"""Rows that are multiplied in the time that it takes to copy one out and multiply that."""


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
            found += [self._best(column, limit) for column in scores.T]
        return found

    def _scores(self, queries: Embeddings) -> NDArray[np.float32]:
        """Multiply all rows with all queries: float32, shape (rows, q); -inf where not eligible.

        `vecdot` rounds a row's product alike wherever the row lies and whatever else is asked, so
        equal vectors tie exactly. It stays on this thread, where a BLAS matrix product would wake
        others that wait on each other and fight the model for the cores: faster on an idle machine,
        several times slower on a busy one.
        """
        rows = len(self.eligible)
        scores = np.empty((rows, len(queries)), np.float32)
        for start, block in zip(range(0, rows, BLOCK_ROWS), self.blocks, strict=True):
            out = scores[start : start + BLOCK_ROWS]
            wanted = self.eligible[start : start + BLOCK_ROWS]
            if _few(wanted):
                out[wanted] = np.vecdot(block[: len(out)][wanted, None], queries[None])
            else:
                np.vecdot(block[: len(out), None], queries[None], out=out)
            out[~wanted] = -np.inf
        return scores

    def _best(self, scores: NDArray[np.float32], limit: int) -> list[Neighbour]:
        """Sort the best of one query, with all that tie with the last place."""
        limit = min(limit, int(np.count_nonzero(self.eligible)))
        if limit < 1:
            return []
        rows = None
        if _few(self.eligible):
            (rows,) = self.eligible.nonzero()
            scores = scores[rows]
        (best,) = (scores >= np.partition(scores, -limit)[-limit]).nonzero()
        found = best if rows is None else rows[best]
        hits = [
            Neighbour(self.image_ids[row], cosine)
            for row, cosine in zip(found.tolist(), scores[best].clip(-1, 1).tolist(), strict=True)
        ]
        return sorted(hits, key=lambda hit: (-hit.cosine, hit.image_id))[:limit]


def _few(wanted: NDArray[np.bool_]) -> bool:
    """Whether it is less work to copy the wanted rows out than to take all."""
    return int(np.count_nonzero(wanted)) * COPYING < len(wanted)


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
        self._alive = np.zeros(0, np.bool_)
        self._marked = MarkedRows()
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
            self._alive = np.append(self._alive, np.zeros(BLOCK_ROWS, np.bool_))
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
            rows = self._marked.rows_of(among, self._image_ids)
            alive, eligible = eligible, np.zeros_like(eligible)
            eligible[rows] = alive[rows]
        return Snapshot(tuple(self._blocks), self._image_ids, eligible)
