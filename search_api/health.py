"""Whether the process lives and whether it can answer searches now."""

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from search_api.leaving import Leaving
from search_api.parameters import ReadyParameters
from search_api.parts import Parts
from search_api.problems import respond
from search_api.replies import reply
from search_api.schemas import HealthReply
from shared.readiness import Readiness


class Health:
    """Endpoints for whoever watches over the process."""

    def __init__(self, parts: Parts, leaving: Leaving) -> None:
        self._leaving = leaving
        self._readiness = Readiness(parts.store, parts.catalog, parts.index)

    async def live(self, _: Request) -> Response:
        """Answer `GET /livez`: the event loop turns."""
        return reply(HealthReply(status="alive"))

    async def ready(self, request: Request) -> Response:
        """Answer `GET /readyz`: 503 names the parts that do not answer, or tells that it leaves."""
        asked = ReadyParameters.in_query(request)
        if self._leaving.begun:
            return respond(503, "told to end", headers=_SOON, missing=[])
        missing = await self._readiness.missing() if asked.parts == "all" else []
        if missing:
            return respond(
                503, f"not answering: {', '.join(missing)}", headers=_SOON, missing=missing
            )
        return reply(HealthReply(status="ready"))

    async def metrics(self, _: Request) -> Response:
        """Answer `GET /metrics`: asks the parts first, so that nobody else need probe for it."""
        await self._readiness.missing()
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


_SOON = {"Retry-After": "5"}
