"""Which way a search with a filter goes, by what each costs. Pure.

Three ways lead to enough hits that pass. The index is asked for as many of the nearest as hold
them, and the join drops the others. Or the catalog names images that pass some of the conditions,
and the index looks among those only. Or those names sieve what the index finds everywhere, so that
only what goes through is joined: where the index takes longer over a name than over a neighbour.
"""

import math
from collections.abc import Collection
from typing import NamedTuple

from shared.protocols import VectorIndex
from shared.records import ObjectFilter, Shares

MAX_DEPTH = 16_384
"""The deepest the index is asked; a Milvus server answers no more."""

NAME_COST = 0.035
"""Of reading a name from the catalog, where a neighbour more, found and joined, costs 1."""

MARGIN = 1.4
"""How much deeper than a sample says, lest the index be asked twice."""


class Look(NamedTuple):
    """One look into the index.

    Attributes:
        depth: how many neighbours.
        among: of which images; None for all.
        loosely: whether those were named by a part of the filter's conditions only.
        sieved: the index looks everywhere, and `among` sieves what it finds.
    """

    depth: int
    among: Collection[str] | None = None
    loosely: bool = False
    sieved: bool = False


class Way(NamedTuple):
    """How a search begins.

    Attributes:
        cost: where a neighbour more, found and joined, costs 1.
        named: the conditions to name images by; none of them, to name none.
        rest: which share of those named passes the other conditions, too.
    """

    cost: float
    named: ObjectFilter
    rest: float = 1.0


def cheapest(shares: Shares, reach: int, index: VectorIndex) -> Way:
    """Choose the way by which to find `reach` images that pass."""
    depth = depth_for(reach, shares.whole)
    return min(
        Way(depth, ObjectFilter()),
        _among(shares, reach, index.among_cost),
        _sieved(shares, depth, index.find_cost),
        key=lambda way: way.cost,
    )


def _among(shares: Shares, reach: int, among_cost: float) -> Way:
    """Name by those conditions that spare more than they cost; the join sees to the others."""
    (named, share), *others = shares.parts
    among, rest = share * shares.images, 1.0
    cost = among * NAME_COST
    for part, share in others:
        reading = share * shares.images * NAME_COST
        # Without these names more images are compared, and more neighbours do not pass.
        if reading < among * (1 - share) * (among_cost + NAME_COST) + depth_for(reach, share):
            named, cost, among = named.and_also(part), cost + reading, among * share
        else:
            rest *= share
    return Way(cost + among * among_cost + depth_for(reach, rest), named, rest)


def _sieved(shares: Shares, depth: int, find_cost: float) -> Way:
    """Name by those conditions that keep more from the join than they cost."""
    (named, share), *others = shares.parts
    cost = depth * find_cost + share * shares.images * NAME_COST
    joined, rest = depth * share * (1 - find_cost), 1.0
    for part, share in others:
        reading = share * shares.images * NAME_COST
        if reading < joined * (1 - share):
            named, cost, joined = named.and_also(part), cost + reading, joined * share
        else:
            rest *= share
    return Way(cost + joined, named, rest)


def look_by(
    among: Collection[str], rest: float, images: int, reach: int, index: VectorIndex
) -> Look:
    """Choose how to use names, now that how many there are is no estimate any more.

    Args:
        among: the named.
        rest: as in `Way`.
        images: how many there are in all, about.
        reach: how many that pass are wanted.
        index: is asked.
    """
    share = min(1.0, len(among) / max(1, images))
    inside, everywhere = depth_for(reach, rest), depth_for(reach, share * rest)
    sieving = everywhere * (index.find_cost + share * (1 - index.find_cost))
    if len(among) * index.among_cost + inside <= sieving:
        return Look(inside, among)
    return Look(everywhere, among, sieved=True)


def depth_for(reach: int, share: float) -> int:
    """Say how many of the nearest hold `reach` that pass, if this share of all does."""
    if share * MAX_DEPTH <= reach * MARGIN:
        return MAX_DEPTH
    return math.ceil(reach / share * (MARGIN if share < 1 else 1))


def deeper_than(depth: int, done: float) -> int:
    """Say how deep to look next, if this share of what is wanted was found so deep."""
    return min(MAX_DEPTH, math.ceil(depth * min(max(2.0, MARGIN / max(done, 1e-9)), 16.0)))
