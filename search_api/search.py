"""A search from top to bottom: query, nearest (over-fetched), join, refill, reply."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import NamedTuple

import numpy as np

from search_api.cursors import SearchCursor, write_search_cursor
from search_api.facts import Facts
from search_api.inputs import Asked
from search_api.links import as_text, content_path, thumbnail_path
from search_api.parameters import SearchParameters
from search_api.parts import Parts, asked_index
from search_api.problems import Problem
from search_api.queries import Queries, Query
from search_api.ranking import Ranked, rank, settled, similarity_of, window
from search_api.schemas import Hit, HitObject, QueryFacts, SearchReply, Thresholds
from search_api.timings import Timings
from shared.records import ImageFacts, Neighbour, StoredObject

OVERFETCH = 6
"""Neighbours asked for beyond the limit, as some may have no live object any more."""

MAX_DEPTH = 16_384
"""The deepest the index is asked; a Milvus server answers no more."""

SELECTIVE = 2_000
"""A filter that so few images pass goes the other way round: first the images, then the index."""


class Found(NamedTuple):
    """What the index and the catalog have together.

    Attributes:
        hits: with their objects.
        more: whether there are more behind them.
        known: whether the query's very bytes are stored.
    """

    hits: list[tuple[Ranked, list[StoredObject]]]
    more: bool
    known: bool


class Searcher:
    """Answers searches from the parts."""

    def __init__(self, parts: Parts, queries: Queries, facts: Facts) -> None:
        self._parts = parts
        self._queries = queries
        self._facts = facts
        self._model_id = parts.embedding.embedder.model_id
        self._near_duplicate = parts.embedding.embedder.near_duplicate

    async def search(self, asked: Asked, *, without_itself: bool = False) -> SearchReply:
        """Answer one search; `without_itself` leaves the query's own image out.

        Raises:
            Problem, Rejected, TransientError: as `Queries.resolve`.
        """
        timings = Timings()
        query = await self._queries.resolve(asked.source, asked.parameters.box, timings)
        left_out = query.image_id if without_itself else None
        bound = asked.parameters.binding(query.image_id, self._model_id, left_out)
        if asked.parameters.cursor and asked.parameters.cursor.binding != bound:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "cursor: it is of another search")
        found = await self._collect(query, asked.parameters, left_out, timings)
        with timings.stage("catalog"):
            facts = await self._facts.of([one.image_id for one, _ in found.hits])
        return SearchReply(
            query=QueryFacts(
                image_id=query.image_id, width=query.width, height=query.height, known=found.known
            ),
            model_id=self._model_id,
            thresholds=Thresholds(
                near_duplicate=similarity_of(self._near_duplicate)
                if self._near_duplicate <= 1
                else None
            ),
            hits=[
                self.hit(one, facts[one.image_id], objects)
                for one, objects in found.hits
                if one.image_id in facts
            ],
            next_cursor=_cursor(bound, found.hits[-1][0]) if found.more else None,
            took_ms=timings.report(),
        )

    async def _collect(
        self, query: Query, asked: SearchParameters, left_out: str | None, timings: Timings
    ) -> Found:
        """Ask the index ever deeper until enough neighbours have a live object."""
        catalog, where = self._parts.catalog, asked.where
        among = None
        if where:
            with timings.stage("catalog"):
                among = await catalog.matching_images(where, limit=SELECTIVE)
        depth = min(
            asked.limit + OVERFETCH + (asked.cursor.depth if asked.cursor else 0), MAX_DEPTH
        )
        joined: dict[str, list[StoredObject]] = {}
        missing: set[str] = set()
        while True:
            ranked, at_end = await self._ranked(query, depth, among, timings)
            wanted = window(ranked, after=asked.cursor, min_similarity=asked.min_similarity)
            wanted = [one for one in wanted if one.image_id != left_out]
            new = {query.image_id, *(one.image_id for one in wanted)} - joined.keys() - missing
            with timings.stage("catalog"):
                joined |= await catalog.find(new, where) if new else {}
            missing |= new - joined.keys()
            hits = [(one, joined[one.image_id]) for one in wanted if one.image_id in joined]
            low_enough = bool(ranked) and ranked[-1].similarity < asked.min_similarity
            if len(hits) > asked.limit or at_end or low_enough:
                break
            depth = min(depth * 2, MAX_DEPTH)
        known = query.image_id in joined
        if where and not known:  # it may be stored where the filter does not look
            with timings.stage("catalog"):
                known = await self._facts.of_live(query.image_id) is not None
        return Found(hits[: asked.limit], len(hits) > asked.limit, known)

    async def _ranked(
        self, query: Query, depth: int, among: Sequence[str] | None, timings: Timings
    ) -> tuple[list[Ranked], bool]:
        """Rank the `depth` nearest; also whether there are no deeper ones to ask for."""
        with timings.stage("index"):
            neighbours = await self._nearest(query.embedding, depth, among)
        at_end = len(neighbours) < depth or depth == MAX_DEPTH
        if query.whole and (among is None or query.image_id in among):
            # Whether exact bytes are stored the catalog says, not an approximate index.
            neighbours.append(Neighbour(query.image_id, 1.0))
        ranked = rank(
            neighbours,
            query_id=query.image_id if query.whole else None,
            near_duplicate=self._near_duplicate,
        )
        return (ranked if at_end else settled(ranked)), at_end

    async def _nearest(
        self, embedding: np.ndarray, depth: int, among: Sequence[str] | None
    ) -> list[Neighbour]:
        if among is not None and not among:
            return []
        index = self._parts.index
        (found,) = await asked_index(index, index.nearest, embedding, depth, among)
        return list(found)

    def hit(self, one: Ranked, facts: ImageFacts, objects: Sequence[StoredObject]) -> Hit:
        """Describe one hit."""
        return Hit(
            image_id=one.image_id,
            similarity=one.similarity,
            match=one.match,
            width=facts.width,
            height=facts.height,
            format=facts.format,
            bytes=facts.bytes,
            thumbnail=thumbnail_path(one.image_id),
            objects=hit_objects(self._parts, objects),
        )


def hit_objects(parts: Parts, objects: Sequence[StoredObject]) -> list[HitObject]:
    """Describe the objects that hold an image."""
    link = parts.link or content_path
    return [
        HitObject(
            bucket=as_text(stored.stat.ref.bucket),
            key=as_text(stored.stat.ref.key),
            user_key=stored.stat.user_key,
            last_modified=stored.stat.last_modified,
            url=link(stored.stat.ref),
        )
        for stored in objects
    ]


def _cursor(bound: bytes, last: Ranked) -> str:
    cursor = SearchCursor(bound, last.similarity, last.image_id, last.position + 1)
    return write_search_cursor(cursor)
