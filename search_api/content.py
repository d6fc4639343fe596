"""An object's own bytes."""

from http import HTTPStatus
from urllib.parse import quote_from_bytes

from starlette.requests import Request
from starlette.responses import Response

from search_api.facts import Facts
from search_api.limits import Gate, Limits
from search_api.originals import Originals
from search_api.paths import addressed, recorded
from search_api.problems import Problem
from search_api.replies import unchanged
from shared.images.formats import MEDIA_TYPES
from shared.protocols import CatalogReader
from shared.records import ObjectRef


class Content:
    """The endpoint that serves pictures as they are stored."""

    def __init__(
        self, catalog: CatalogReader, facts: Facts, originals: Originals, limits: Limits
    ) -> None:
        self._catalog = catalog
        self._facts = facts
        self._originals = originals
        self._gate = Gate(limits.thumbnails, limits.waiting)

    async def answer(self, request: Request) -> Response:
        """Answer `GET /v1/content/{bucket}/{key}`: the picture, exactly as the catalog knows it."""
        ref = addressed(request, "content")
        image_id = (await recorded(self._catalog, ref)).image_id
        facts = await self._facts.of([image_id]) if image_id else {}
        if image_id is None or image_id not in facts:
            raise Problem(HTTPStatus.NOT_FOUND, "no such picture")
        headers = {"ETag": f'"{image_id}"', "Cache-Control": "private, no-cache"}
        if (known := unchanged(request, headers)) is not None:
            return known
        async with self._gate.enter():
            data = await self._originals.of_object(ref, image_id)
        if data is None:
            raise Problem(HTTPStatus.NOT_FOUND, "the object holds another picture by now")
        media_type = MEDIA_TYPES.get(facts[image_id].format)
        headers["Content-Disposition"] = _disposition(ref, inline=media_type is not None)
        return Response(data, headers=headers, media_type=media_type or "application/octet-stream")


def _disposition(ref: ObjectRef, *, inline: bool) -> str:
    name = quote_from_bytes(ref.key_bytes.rpartition(b"/")[2], safe="")
    return f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}"
