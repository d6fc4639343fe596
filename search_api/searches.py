"""The calls that search: `/v1/search` and an image's look-alikes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from search_api.bodies import Bodies
from search_api.fetching.fetches import Fetches
from search_api.fields import Fields, from_json, from_multipart, from_query, malformed
from search_api.inputs import (
    Asked,
    AskedByUrl,
    image_named,
    linked_fields,
    read_parameters,
    read_search,
    together,
)
from search_api.limits import Gate, Limits
from search_api.problems import Problem
from search_api.replies import reply
from search_api.search import Searcher
from shared.metrics import SEARCH_SECONDS

_TOTAL = SEARCH_SECONDS.labels("total")


class Searches:
    """Endpoints over a `Searcher`."""

    def __init__(
        self, searcher: Searcher, bodies: Bodies, fetches: Fetches, limits: Limits
    ) -> None:
        self._searcher = searcher
        self._bodies = bodies
        self._fetches = fetches
        self._gate = Gate(limits.running, limits.waiting)
        self._seconds = limits.search_s

    async def search(self, request: Request) -> Response:
        """Answer `GET` and `POST /v1/search`."""
        with _TOTAL.time():
            linked = linked_fields(from_query(request.scope["query_string"]))
            if request.method != "POST":
                return await self._found(request, read_search(linked))
            async with self._sent(request) as sent:
                return await self._found(request, read_search(together(linked, sent)))

    async def similar(self, request: Request) -> Response:
        """Answer `GET /v1/images/{image_id}/similar`."""
        with _TOTAL.time():
            fields = linked_fields(from_query(request.scope["query_string"]))
            asked = Asked(image_named(request.path_params["image_id"]), read_parameters(fields))
            return await self._answer(asked, without_itself=True)

    async def _found(self, request: Request, asked: Asked | AskedByUrl) -> Response:
        if isinstance(asked, Asked):
            return await self._answer(asked)
        async with self._fetches.fetched(asked.url, request) as picture:
            return await self._answer(Asked(picture, asked.parameters))

    async def _answer(self, asked: Asked, *, without_itself: bool = False) -> Response:
        async with self._gate.enter():
            try:
                async with asyncio.timeout(self._seconds):
                    found = await self._searcher.search(asked, without_itself=without_itself)
            except TimeoutError:
                raise Problem(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    f"the search took longer than {self._seconds:g} s",
                    {"Retry-After": "5"},
                ) from None
        return reply(found)

    @asynccontextmanager
    async def _sent(self, request: Request) -> AsyncIterator[Fields]:
        """Read the body's fields, by its kind, and hold its memory meanwhile."""
        content_type = request.headers.get("content-type", "")
        kind = content_type.partition(";")[0].strip().lower()
        async with self._bodies.read(request, json=kind == "application/json") as body:
            if not body:
                yield {}
            elif kind == "multipart/form-data":
                yield from_multipart(body, content_type)
            elif kind == "application/json":
                yield from_json(body)
            elif not kind:
                raise malformed("the request names no Content-Type")
            else:
                raise Problem(
                    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                    "send multipart/form-data or application/json",
                )
