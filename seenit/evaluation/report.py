"""What an evaluation counts and what it says in the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from seenit.evaluation.cosines import Cosines
from seenit.evaluation.threshold import Threshold, threshold_for
from shared.images.views import Way
from shared.protocols import Embeddings

_SHARES = (0.0, 0.01, 0.1, 0.5, 0.9, 0.99, 0.9999, 1.0)


@dataclass(frozen=True, slots=True)
class EditScore:
    """How well one kind of edit is seen through.

    Attributes:
        edit: its name.
        top1: share of the copies whose original comes first among all pictures.
        near_duplicate: share of the copies that count as near duplicates of their original.
        cosine: the median cosine between copy and original.
        top1_views, near_duplicate_views, cosine_views: the same where the copy is looked at in
            several views; None without.
    """

    edit: str
    top1: float
    near_duplicate: float
    cosine: float
    top1_views: float | None = None
    near_duplicate_views: float | None = None
    cosine_views: float | None = None


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
        ways: the views beside the whole that were looked with.
        edits: a score per kind of edit.
        top1, top1_views: the mean of the edits' top-1 rates; None without views.
        threshold: the one in force for near duplicates; above 1 where there is none.
        edited: cosines of copies and their originals, in the best view.
        unrelated: cosines of pictures, edited or not, and all the other pictures, in the best view.
        false_near_duplicates: share of those unrelated pairs that reach the threshold.
        measured: the threshold that these pictures call for; None where they are too few to tell.
    """

    model_id: str
    pictures: int
    unusable: int
    probes: int
    seed: int
    ways: tuple[Way, ...]
    edits: tuple[EditScore, ...]
    top1: float
    top1_views: float | None
    threshold: float
    edited: Quantiles
    unrelated: Quantiles
    false_near_duplicates: float
    measured: Threshold | None


@dataclass(slots=True)
class Tally:
    """Counts as probes come in, in bounded memory.

    Args:
        known: embeddings of all pictures, float32 (n, dimension).
        model_id: the model judged.
        near_duplicate: the threshold in force.
    """

    known: Embeddings
    model_id: str
    near_duplicate: float
    _whole: list[NDArray[np.float32]] = field(default_factory=list, init=False)
    _best: list[NDArray[np.float32]] = field(default_factory=list, init=False)
    _edited: Cosines = field(default_factory=Cosines, init=False)
    _unrelated: Cosines = field(default_factory=Cosines, init=False)

    def add(self, i: int, copies: Sequence[Embeddings]) -> None:
        """Count the copies of picture `i`: of each all views, float32 (views, dimension).

        The whole comes first of the views.
        """
        cosines = [views @ self.known.T for views in (*copies, self.known[i : i + 1])]
        whole = np.stack([views[0] for views in cosines])
        best = np.stack([views.max(0) for views in cosines])
        self._whole.append(_judged(whole[:-1], i))
        self._best.append(_judged(best[:-1], i))
        self._edited.add(best[:-1, i])
        self._unrelated.add(np.delete(best, i, axis=1))

    def report(
        self, *, edits: tuple[str, ...], seed: int, unusable: int, ways: tuple[Way, ...]
    ) -> Evaluation:
        """Sum up.

        Args:
            edits: names, in the order of the copies given to `add`.
            seed: as the edits were made with.
            unusable: files that took no part.
            ways: the views beside the whole.
        """
        whole, best = np.array(self._whole), np.array(self._best)
        return Evaluation(
            model_id=self.model_id,
            pictures=len(self.known),
            unusable=unusable,
            probes=len(whole),
            seed=seed,
            ways=ways,
            edits=tuple(
                self._score(edit, whole[:, k], best[:, k], views=bool(ways))
                for k, edit in enumerate(edits)
            ),
            top1=float(whole[..., 1].mean()),
            top1_views=float(best[..., 1].mean()) if ways else None,
            threshold=self.near_duplicate,
            edited=_quantiles(self._edited),
            unrelated=_quantiles(self._unrelated),
            false_near_duplicates=self._unrelated.at_least(self.near_duplicate),
            measured=threshold_for(self._unrelated),
        )

    def _score(
        self, edit: str, whole: NDArray[np.float32], best: NDArray[np.float32], *, views: bool
    ) -> EditScore:
        if not views:
            return EditScore(edit, *self._summed(whole))
        return EditScore(edit, *self._summed(whole), *self._summed(best))

    def _summed(self, judged: NDArray[np.float32]) -> tuple[float, float, float]:
        """Sum up what became of one edit, float32 (probes, 2): top-1, near duplicates, median."""
        own, first = judged.T
        near = float((own >= self.near_duplicate).mean())
        return float(first.mean()), near, float(np.median(own))


def _judged(cosines: NDArray[np.float32], i: int) -> NDArray[np.float32]:
    """Tell per copy its cosine with its original `i`, and whether that is above all others'."""
    own, others = cosines[:, i], np.delete(cosines, i, axis=1)
    return np.stack([own, own > others.max(axis=1)], axis=1)


def _quantiles(cosines: Cosines) -> Quantiles:
    return Quantiles(tuple((share, cosines.quantile(share)) for share in _SHARES))
