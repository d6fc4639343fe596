"""Enough hits for a page: looks into the index, as deep as it takes, and the join."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from search_api.coalescing import Coalescer
from search_api.facts import CATALOG_S, Facts
from search_api.looks import Looks
from search_api.parameters import SearchParameters
from search_api.parts import Parts
from search_api.planning import MAX_DEPTH, Look, cheapest, deeper_than, depth_for, look_by
from search_api.queries import Query
from search_api.ranking import Ranked, floor_of, rank, settled, window
from search_api.samples import Samples
from search_api.threshold import NearDuplicate
from search_api.timings import Timings
from shared.images.views import WHOLE
from shared.names import are_named
from shared.protocols import Embeddings
from shared.records import LiveObject, Neighbour, ObjectFilter

OVERFETCH = 6
"""Neighbours asked for beyond the limit, as some may have no live object any more."""

NAMED_AT_MOST = 100_000
"""So many are named where nothing else will do: slow, and exact."""

JOINED = 900
"""With a filter, neighbours joined at first, at most: one statement's worth."""

HOLDS_A_PAGE = 0.75
"""Of the neighbours that a look with a filter finds: mostly enough, as it goes somewhat deeper."""


class Found(NamedTuple):
    """What the index and the catalog have together.

    Attributes:
        hits: with their objects.
        more: whether there are more behind them.
        known: whether the query's very bytes are stored.
    """

    hits: list[tuple[Ranked, list[LiveObject]]]
    more: bool
    known: bool


class Collector:
    """Collects the hits of searches."""

    def __init__(
        self, parts: Parts, facts: Facts, looks: Looks, near_duplicate: NearDuplicate
    ) -> None:
        self._parts = parts
        self._facts = facts
        self._looks = looks
        self._samples = Samples(parts.catalog)
        self._objects = Coalescer(self._objects_of, "catalog", CATALOG_S)
        self._near_duplicate = near_duplicate

    async def collect(
        self, query: Query, asked: SearchParameters, left_out: str | None, timings: Timings
    ) -> Found:
        """Look into the index, and again where that was not deep enough, and join with objects."""
        where = asked.where
        reach = asked.limit + OVERFETCH + (asked.cursor.depth if asked.cursor else 0)
        with timings.stage("catalog"):
            look = await self._first_look(where, reach)
        joined: dict[str, list[LiveObject]] = {}
        while True:
            ranked, at_end = await self._ranked(query, look, timings)
            wanted = window(ranked, after=asked.cursor, min_similarity=asked.min_similarity)
            wanted = [one for one in _sieved(wanted, look) if one.image_id != left_out]
            with timings.stage("catalog"):
                hits = await self._joined(query.image_id, wanted, where, asked.limit, joined)
            low_enough = bool(ranked) and ranked[-1].similarity < asked.min_similarity
            if len(hits) > asked.limit or at_end or low_enough:
                break
            with timings.stage("catalog"):
                deeper = await self._next_look(look, where, len(hits) / (asked.limit + 1))
            if deeper is None:
                break
            look = deeper
        known = bool(joined[query.image_id])
        if where and not known:  # it may be stored where the filter does not look
            with timings.stage("catalog"):
                known = await self._facts.of_live(query.image_id) is not None
        return Found(hits[: asked.limit], len(hits) > asked.limit, known)

    async def _joined(
        self,
        query_id: str,
        wanted: Sequence[Ranked],
        where: ObjectFilter,
        limit: int,
        joined: dict[str, list[LiveObject]],
    ) -> list[tuple[Ranked, list[LiveObject]]]:
        """Join images with their objects, in order, until there is one more than a page.

        Nearly all are live but the query's own image, so at first only so many are asked for.

        `joined` is what was asked before, the query's own image too; it is added to.
        """
        size = limit + 2
        if where:
            size = max(size, min(JOINED, math.ceil(HOLDS_A_PAGE * len(wanted))))
        while True:
            head = wanted[:size]
            new = {query_id, *(one.image_id for one in head)} - joined.keys()
            if new:
                find = self._parts.catalog.find
                found = await (find(new, where) if where else self._objects.ask(None, new))
                joined.update({image_id: found.get(image_id, []) for image_id in new})
            hits = [(one, joined[one.image_id]) for one in head if joined[one.image_id]]
            if len(hits) > limit or size >= len(wanted):
                return hits
            size *= 2

    async def _objects_of(
        self, _: None, asked: Sequence[set[str]]
    ) -> Sequence[dict[str, list[LiveObject]]]:
        """Join the images of many searches; each finds its own among them."""
        found = await self._parts.catalog.find(set().union(*asked), ObjectFilter())
        return [found] * len(asked)

    async def _first_look(self, where: ObjectFilter, reach: int) -> Look:
        if not where:
            return Look(min(reach, MAX_DEPTH))
        shares, index = await self._samples.shares(where), self._parts.index
        way = cheapest(shares, reach, index)
        if way.named:
            among = await self._parts.catalog.matching_images(way.named, NAMED_AT_MOST)
            if among is not None:
                look = look_by(among, way.rest, shares.images, reach, index)
                return look._replace(loosely=way.named != where)
        return Look(depth_for(reach, shares.whole))

    async def _next_look(self, look: Look, where: ObjectFilter, done: float) -> Look | None:
        """Look the deeper the less is done, at last among all that pass; None is the end of it."""
        depth = deeper_than(look.depth, done)
        at_last = look.among is None and depth == MAX_DEPTH
        if where and (look.loosely or look.sieved or at_last):
            among = await self._parts.catalog.matching_images(where, NAMED_AT_MOST)
            if among is not None:
                return Look(depth, among)
        return None if look.depth == MAX_DEPTH else look._replace(depth=depth, loosely=False)

    async def _ranked(
        self, query: Query, look: Look, timings: Timings
    ) -> tuple[list[Ranked], bool]:
        """Rank what each view is nearest to; also whether these are all that there are."""
        with timings.stage("index"):
            found = await self._nearest(query.embeddings, look)
        at_end = all(len(neighbours) < look.depth for neighbours in found)
        shown = list(zip(query.sights, found, strict=True))
        if query.whole and (look.among is None or query.image_id in look.among):
            # Whether exact bytes are stored the catalog says, not an approximate index.
            shown.append((WHOLE, [Neighbour(query.image_id, 1.0)]))
        ranked = rank(
            shown,
            query_id=query.image_id if query.whole else None,
            near_duplicate=await self._near_duplicate.cosine(),
        )
        if look.depth < MAX_DEPTH:
            ranked = settled(ranked, floor_of(found, look.depth))
        return ranked, at_end

    async def _nearest(self, embeddings: Embeddings, look: Look) -> list[list[Neighbour]]:
        if look.among is not None and not look.among:
            return [[] for _ in embeddings]
        among = None if look.sieved else look.among
        return await self._looks.nearest(embeddings, look.depth, among)


def _sieved(ranked: list[Ranked], look: Look) -> list[Ranked]:
    """Drop those that the names of this look already tell not to pass."""
    if not look.sieved or look.among is None:
        return ranked
    named = are_named([one.image_id for one in ranked], look.among)
    return [one for one, is_named in zip(ranked, named, strict=True) if is_named]
