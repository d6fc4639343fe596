"""Whether the process lives and whether it can answer searches now."""

import asyncio
from collections.abc import Awaitable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from search_api.parts import Parts
from search_api.problems import respond
from search_api.replies import reply
from search_api.schemas import HealthReply
from shared.errors import TransientError

PATIENCE_S = 2.0
NO_IMAGE = "0" * 64


class Health:
    """Endpoints for whoever watches over the process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def live(self, _: Request) -> Response:
        """Answer `GET /livez`: the event loop turns."""
        return reply(HealthReply(status="alive"))

    async def ready(self, _: Request) -> Response:
        """Answer `GET /readyz`: 503 names the parts that do not answer."""
        parts = self._parts
        checks: dict[str, Awaitable[object]] = {
            "catalog": parts.catalog.known_images([NO_IMAGE]),
            "index": asyncio.to_thread(parts.index.get, [NO_IMAGE]),
            "store": asyncio.to_thread(parts.store.buckets),
        }
        answers = await asyncio.gather(*map(_answers, checks.values()))
        missing = [name for name, answer in zip(checks, answers, strict=True) if not answer]
        if missing:
            return respond(
                503, f"not answering: {', '.join(missing)}", headers=_SOON, missing=missing
            )
        return reply(HealthReply(status="ready"))

    async def metrics(self, _: Request) -> Response:
        """Answer `GET /metrics`."""
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


_SOON = {"Retry-After": "5"}


async def _answers(check: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await check
    except (TransientError, TimeoutError):
        return False
    return True
