"""What an evaluation counts and what it says in the end."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared.protocols import Embedder, Embeddings

_SHARES = (0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999, 1.0)
_SAMPLED = 1000


@dataclass(frozen=True, slots=True)
class EditScore:
    """How well one kind of edit is seen through.

    Attributes:
        edit: its name.
        top1: share of the copies whose original comes first among all pictures.
        near_duplicate: share of the copies that count as near duplicates of their original.
        cosine: the median cosine between copy and original.
    """

    edit: str
    top1: float
    near_duplicate: float
    cosine: float


@dataclass(frozen=True, slots=True)
class Quantiles:
    """How cosines are spread.

    Attributes:
        points: a share (0 names the least, 0.5 the median, 1 the most) and the cosine that this
            share of them does not exceed.
    """

    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What `seenit evaluate` found.

    Attributes:
        model_id: the model judged.
        pictures: different pictures looked among.
        unusable: files that are no pictures, or the very bytes of another.
        probes: pictures that were edited, each in every way.
        seed: the die, to make the same edits again.
        edits: a score per kind of edit.
        top1: the mean of the edits' top-1 rates.
        threshold: the model's own for near duplicates; above 1 where it has none.
        edited: cosines of copies and their originals.
        unrelated: cosines of pictures, edited or not, and all the other pictures.
        false_near_duplicates: share of those unrelated pairs that reach the threshold.
    """

    model_id: str
    pictures: int
    unusable: int
    probes: int
    seed: int
    edits: tuple[EditScore, ...]
    top1: float
    threshold: float
    edited: Quantiles
    unrelated: Quantiles
    false_near_duplicates: float


@dataclass(slots=True)
class Tally:
    """Counts as probes come in; remembers a sample of the unrelated, so that memory stays small.

    Args:
        known: embeddings of all pictures, float32 (n, dimension).
        embedder: the model judged.
    """

    known: Embeddings
    embedder: Embedder
    _own: list[NDArray[np.float32]] = field(default_factory=list, init=False)
    _first: list[NDArray[np.bool_]] = field(default_factory=list, init=False)
    _unrelated: list[NDArray[np.float32]] = field(default_factory=list, init=False)
    _most: float = field(default=-1.0, init=False)
    _false: int = field(default=0, init=False)

    def add(self, i: int, copies: Embeddings) -> None:
        """Count the copies of picture `i`, float32 (edits, dimension)."""
        cosines = np.vstack([copies, self.known[i : i + 1]]) @ self.known.T
        own, others = cosines[:-1, i], np.delete(cosines, i, axis=1)
        self._own.append(own)
        self._first.append(own > others[:-1].max(axis=1))
        self._unrelated.append(others[:, :: 1 + others.shape[1] // _SAMPLED].ravel())
        self._most = max(self._most, float(others.max()))
        self._false += int((others >= self.embedder.near_duplicate).sum())

    def report(self, *, edits: tuple[str, ...], seed: int, unusable: int) -> Evaluation:
        """Sum up.

        Args:
            edits: names, in the order of the copies given to `add`.
            seed: as the edits were made with.
            unusable: files that took no part.
        """
        own, first = np.array(self._own), np.array(self._first)
        threshold = self.embedder.near_duplicate
        scores = tuple(
            EditScore(
                edit,
                top1=float(first[:, k].mean()),
                near_duplicate=float((own[:, k] >= threshold).mean()),
                cosine=float(np.median(own[:, k])),
            )
            for k, edit in enumerate(edits)
        )
        pairs = len(own) * (len(edits) + 1) * (len(self.known) - 1)
        return Evaluation(
            model_id=self.embedder.model_id,
            pictures=len(self.known),
            unusable=unusable,
            probes=len(own),
            seed=seed,
            edits=scores,
            top1=float(first.mean()),
            threshold=threshold,
            edited=_quantiles(own),
            unrelated=_quantiles(np.concatenate([*self._unrelated, [self._most]])),
            false_near_duplicates=self._false / pairs,
        )


def _quantiles(cosines: NDArray[np.float32]) -> Quantiles:
    values = np.quantile(cosines, _SHARES)
    return Quantiles(tuple((share, float(v)) for share, v in zip(_SHARES, values, strict=True)))
