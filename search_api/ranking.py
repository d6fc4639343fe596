"""From cosines to an ordered page of look-alikes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search_api.cursors import SearchCursor
from search_api.schemas import Match
from shared.records import Neighbour

DIGITS = 6
"""Similarities are rounded, so that the last bits of a float decide neither order nor page."""

ALMOST_ONE = 1 - 10**-DIGITS
"""The most that is said of other bytes: 1 means the same bytes, and so these come first."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One image in its place among the look-alikes.

    Attributes:
        similarity: 0 to 1.
        position: how many images stand before it, those left out included.
    """

    image_id: str
    similarity: float
    match: Match
    position: int


def similarity_of(cosine: float) -> float:
    """Map a cosine, -1 to 1, to 0 to 1."""
    return round(min(max((1 + cosine) / 2, 0.0), 1.0), DIGITS)


def rank(
    neighbours: Iterable[Neighbour], *, query_id: str | None, near_duplicate: float
) -> list[Ranked]:
    """Order images by similarity, ties by `image_id`.

    Args:
        neighbours: what the index found; an image named twice counts once.
        query_id: the digest of the query when the whole picture was asked about.
        near_duplicate: the least cosine of a near duplicate.
    """
    found: dict[str, tuple[float, Match]] = {}
    for neighbour in neighbours:
        if neighbour.image_id == query_id:
            found[neighbour.image_id] = (1.0, "exact")
        else:
            match: Match = "near_duplicate" if neighbour.cosine >= near_duplicate else "similar"
            similarity = min(similarity_of(neighbour.cosine), ALMOST_ONE)
            found.setdefault(neighbour.image_id, (similarity, match))
    ordered = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return [
        Ranked(image_id, similarity, match, position)
        for position, (image_id, (similarity, match)) in enumerate(ordered)
    ]


def settled(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Leave out those tied with the last: the index may hold more of that tie, to come before."""
    return [one for one in ranked if one.similarity > ranked[-1].similarity]


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
