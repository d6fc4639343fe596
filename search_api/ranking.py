"""From cosines to an ordered page of look-alikes. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from search_api.cursors import SearchCursor
from search_api.schemas import Match
from shared.images.views import WHOLE, Sight
from shared.records import Neighbour

DIGITS = 6
"""Similarities are rounded, so that the last bits of a float decide neither order nor page."""

ALMOST_ONE = 1 - 10**-DIGITS
"""The most that is said of other bytes: 1 means the same bytes, and so these come first."""


class Ranked(NamedTuple):
    """One image in its place among the look-alikes.

    Attributes:
        similarity: 0 to 1.
        sight: of the query, the one most alike.
        position: how many images stand before it, those left out included.
    """

    image_id: str
    similarity: float
    match: Match
    sight: Sight
    position: int


def similarity_of(cosine: float) -> float:
    """Map a cosine, -1 to 1, to 0 to 1."""
    return round(min(max((1 + cosine) / 2, 0.0), 1.0), DIGITS)


def rank(
    found: Iterable[tuple[Sight, Iterable[Neighbour]]],
    *,
    query_id: str | None,
    near_duplicate: float,
) -> list[Ranked]:
    """Order images by similarity, ties by `image_id`.

    Args:
        found: what the index found for each sight of the query; an image that several found
            counts once, by the one most like it, the earlier of equals.
        query_id: the digest of the query when the whole picture was asked about.
        near_duplicate: the least cosine of a near duplicate.
    """
    best: dict[str, tuple[float, Sight]] = {}
    for sight, neighbours in found:
        for neighbour in neighbours:
            known = best.get(neighbour.image_id)
            if known is None or neighbour.cosine > known[0]:
                best[neighbour.image_id] = neighbour.cosine, sight
    ordered: list[tuple[float, str, Match, Sight]] = []
    for image_id, (cosine, sight) in best.items():
        if image_id == query_id:
            ordered.append((-1.0, image_id, "exact", WHOLE))
        else:
            match: Match = "near_duplicate" if cosine >= near_duplicate else "similar"
            ordered.append((-min(similarity_of(cosine), ALMOST_ONE), image_id, match, sight))
    ordered.sort()  # no two have one `image_id`, so what stands behind it is never compared
    return [
        Ranked(image_id, -negative, match, sight, place)
        for place, (negative, image_id, match, sight) in enumerate(ordered)
    ]


def floor_of(found: Iterable[Sequence[Neighbour]], depth: int) -> float:
    """Tell below or at which similarity the index may hold images that no view has shown yet.

    Args:
        found: the neighbours of each view, the most alike first.
        depth: how many were asked for; a view with fewer has shown all.

    Returns:
        a similarity; -1 where all has been shown.
    """
    full = [similarity_of(row[-1].cosine) for row in found if len(row) >= depth]
    return max(full, default=-1.0)


def settled(ranked: Iterable[Ranked], floor: float) -> list[Ranked]:
    """Keep those above what is still to be shown: between the others more may have to stand."""
    return [one for one in ranked if one.similarity > floor]


def window(
    ranked: Iterable[Ranked], *, after: SearchCursor | None, min_similarity: float
) -> list[Ranked]:
    """Keep what comes behind the cursor and is similar enough."""
    place = (-after.similarity, after.image_id) if after else (-2.0, "")
    return [
        one
        for one in ranked
        if one.similarity >= min_similarity and (-one.similarity, one.image_id) > place
    ]
