"""An image's facts and its thumbnail."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from search_api.caches import BoundedCache
from search_api.facts import Facts
from search_api.inputs import image_named
from search_api.limits import Gate, Limits
from search_api.links import thumbnail_path
from search_api.originals import Originals
from search_api.parameters import ThumbnailParameters
from search_api.parts import Parts
from search_api.problems import Problem
from search_api.replies import reply, unchanged
from search_api.schemas import ImageReply
from search_api.search import hit_objects
from shared.records import ObjectFilter

REMEMBERED = 64 * 2**20
"""Bytes of thumbnails kept in memory: some 5,000 of the default size."""

CACHING = "private, max-age=86400, immutable"
"""An image's bytes never change; that it may be removed is why this is a day and not for ever."""


class Images:
    """Endpoints below `/v1/images/{image_id}`."""

    def __init__(self, parts: Parts, facts: Facts, originals: Originals, limits: Limits) -> None:
        self._parts = parts
        self._facts = facts
        self._originals = originals
        self._gate = Gate(limits.thumbnails, limits.waiting)
        self._thumbnails: BoundedCache[tuple[str, int], bytes] = BoundedCache(REMEMBERED, len)

    async def image(self, request: Request) -> Response:
        """Answer `GET /v1/images/{image_id}`."""
        image_id = image_named(request.path_params["image_id"]).image_id
        held = await self._parts.catalog.find([image_id], ObjectFilter(), limit=1000)
        facts = (await self._facts.of(held)).get(image_id)
        if facts is None:
            raise Problem(HTTPStatus.NOT_FOUND, "no such image")
        return reply(
            ImageReply(
                image_id=image_id,
                width=facts.width,
                height=facts.height,
                format=facts.format,
                bytes=facts.bytes,
                thumbnail=thumbnail_path(image_id),
                objects=hit_objects(self._parts, held[image_id]),
            )
        )

    async def thumbnail(self, request: Request) -> Response:
        """Answer `GET /v1/images/{image_id}/thumbnail`; 304 for one that the client still has."""
        image_id = image_named(request.path_params["image_id"]).image_id
        size = ThumbnailParameters.in_query(request).size
        if not await self._parts.catalog.find([image_id], ObjectFilter(), limit=1):
            raise Problem(HTTPStatus.NOT_FOUND, "no such image")
        headers = {"ETag": f'"{image_id[:32]}-{size}"', "Cache-Control": CACHING}
        if (known := unchanged(request, headers)) is not None:
            return known
        return Response(await self._made(image_id, size), headers=headers, media_type="image/webp")

    async def _made(self, image_id: str, size: int) -> bytes:
        thumbnail = self._thumbnails.get((image_id, size))
        if thumbnail is None:
            async with self._gate.enter():
                original = await self._originals.of_image(image_id)
                thumbnail = await self._parts.decoder.thumbnail(original, size=size)
            self._thumbnails.put((image_id, size), thumbnail)
        return thumbnail
