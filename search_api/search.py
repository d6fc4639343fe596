"""A search from top to bottom: the query, its hits, the reply."""

from collections.abc import Sequence
from http import HTTPStatus

from search_api.collecting import Collector
from search_api.cursors import SearchCursor, write_search_cursor
from search_api.facts import Facts
from search_api.inputs import Asked
from search_api.links import as_text, content_path, thumbnail_path
from search_api.looks import Looks
from search_api.parts import Parts
from search_api.previews import Previews
from search_api.problems import Problem
from search_api.queries import Gaze, Queries, Query
from search_api.ranking import Ranked
from search_api.schemas import Hit, HitObject, QueryFacts, SearchReply
from search_api.threshold import NearDuplicate, told
from search_api.timings import Timings
from shared.records import ImageFacts, LiveObject


class Searcher:
    """Answers searches from the parts."""

    def __init__(self, parts: Parts, queries: Queries, facts: Facts, looks: Looks) -> None:
        self._parts = parts
        self._queries = queries
        self._facts = facts
        self._near_duplicate = NearDuplicate(parts.catalog, parts.embedding.embedder)
        self._previews = Previews(parts.decoder)
        self._collector = Collector(parts, facts, looks, self._near_duplicate)
        self._model_id = parts.embedding.embedder.model_id

    async def search(self, asked: Asked, *, without_itself: bool = False) -> SearchReply:
        """Answer one search; `without_itself` leaves the query's own image out.

        Raises:
            Problem, Rejected, TransientError: as `Queries.resolve`.
        """
        timings = Timings()
        gaze = Gaze(asked.parameters.box, asked.parameters.views)
        query = await self._queries.resolve(asked.source, gaze, timings)
        left_out = query.image_id if without_itself else None
        bound = asked.parameters.binding(query.image_id, self._model_id, left_out)
        if asked.parameters.cursor and asked.parameters.cursor.binding != bound:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "cursor: it is of another search")
        found = await self._collector.collect(query, asked.parameters, left_out, timings)
        with timings.stage("catalog"):
            facts = await self._facts.of([one.image_id for one, _ in found.hits])
        return SearchReply(
            query=await self._described(query, asked, known=found.known, timings=timings),
            model_id=self._model_id,
            thresholds=told(await self._near_duplicate.cosine()),
            hits=[
                self.hit(one, facts[one.image_id], objects)
                for one, objects in found.hits
                if one.image_id in facts
            ],
            next_cursor=_cursor(bound, found.hits[-1][0]) if found.more else None,
            took_ms=timings.report(),
        )

    async def _described(
        self, query: Query, asked: Asked, *, known: bool, timings: Timings
    ) -> QueryFacts:
        """Describe the query, with its picture if that was asked for."""
        size, preview = asked.parameters.preview, None
        if size is not None:
            with timings.stage("decode"):
                preview = await self._previews.of(
                    asked.source, query.image_id if known else None, size
                )
        return QueryFacts(
            image_id=query.image_id,
            width=query.width,
            height=query.height,
            known=known,
            preview=preview,
        )

    def hit(self, one: Ranked, facts: ImageFacts, objects: Sequence[LiveObject]) -> Hit:
        """Describe one hit."""
        return Hit(
            image_id=one.image_id,
            similarity=one.similarity,
            match=one.match,
            view=one.sight.view,
            box=None if one.sight.place is None else str(one.sight.place),
            width=facts.width,
            height=facts.height,
            format=facts.format,
            bytes=facts.bytes,
            thumbnail=thumbnail_path(one.image_id),
            objects=hit_objects(self._parts, objects),
        )


def hit_objects(parts: Parts, objects: Sequence[LiveObject]) -> list[HitObject]:
    """Describe the objects that hold an image."""
    link = parts.link or content_path
    return [
        HitObject(
            bucket=as_text(live.ref.bucket),
            key=as_text(live.ref.key),
            user_key=live.user_key,
            last_modified=live.last_modified,
            url=link(live.ref),
        )
        for live in objects
    ]


def _cursor(bound: bytes, last: Ranked) -> str:
    cursor = SearchCursor(bound, last.similarity, last.image_id, last.position + 1)
    return write_search_cursor(cursor)
