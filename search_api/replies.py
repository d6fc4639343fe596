"""Replies as JSON."""

from starlette.responses import Response

from search_api.schemas import Reply


def reply(found: Reply, status: int = 200) -> Response:
    """Write a reply; pydantic's own serialiser is the fast way."""
    return Response(found.model_dump_json(), status, media_type="application/json")
