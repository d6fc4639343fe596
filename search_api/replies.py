"""Replies as JSON, and those that need not be sent."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from search_api.schemas import Reply


def reply(found: Reply, status: int = 200) -> Response:
    """Write a reply; pydantic's own serialiser is the fast way."""
    return Response(found.model_dump_json(), status, media_type="application/json")


def unchanged(request: Request, headers: Mapping[str, str]) -> Response | None:
    """Answer 304 where the client still has what `headers` describe by their `ETag`."""
    had = ",".join(request.headers.getlist("if-none-match")).strip()
    if had == "*" or headers["ETag"] in had:
        return Response(status_code=304, headers=headers)
    return None
