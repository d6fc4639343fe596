"""From where on two pictures count as edits of one another: what others never reach. Pure."""

import math
from dataclasses import dataclass

from seenit.evaluation.cosines import Cosines

ONE_IN = 10**6
"""Of so many unrelated pairs about one may be called a near duplicate. More would ask for so much
that copies made gray or sent on at low quality would no longer count."""

LEAST_PAIRS = 20_000
"""Fewer tell nothing of one in a thousand; some 40 pictures with 13 edits each have as many."""

_MOST = 0.95
"""Beyond this even a copy that was only made smaller may lie below."""


@dataclass(frozen=True, slots=True)
class Threshold:
    """A threshold measured on somebody's own pictures.

    Attributes:
        near_duplicate: the least cosine of a near duplicate.
        pairs: unrelated pairs it was measured on.
        capped: so many pairs are so alike that no threshold could part them from copies: the
            folder holds many copies of the same pictures, or pictures that differ in little.
    """

    near_duplicate: float
    pairs: int
    capped: bool


def threshold_for(unrelated: Cosines) -> Threshold | None:
    """Find the cosine that one in `ONE_IN` unrelated pairs reaches; None for too few pairs.

    The highest cosines of unrelated pairs thin out about evenly: the highest tenth of them lies as
    far above the rest as its own highest tenth above it. So it is reckoned from the hundredth and
    the thousandth, which some thousands of pairs tell well, and which a few unnoticed copies in the
    folder hardly move; the one highest pair of all would be such a copy.
    """
    if unrelated.total < LEAST_PAIRS:
        return None
    hundredth, thousandth = unrelated.quantile(0.99), unrelated.quantile(0.999)
    steps = round(math.log10(ONE_IN)) - 3  # from one in a thousand on
    reckoned = thousandth + steps * (thousandth - hundredth)
    return Threshold(round(min(reckoned, _MOST), 3), unrelated.total, reckoned > _MOST)
