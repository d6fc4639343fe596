"""What a worker tells whoever watches over it."""

from collections.abc import Callable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.readiness import Readiness
from streams.parts import Adapters
from streams.vitals import Vitals

_SOON = {"Retry-After": "5"}


def create_health(
    vitals: Vitals, adapters: Adapters, status: Callable[[], dict[str, Any]]
) -> Starlette:
    """Make the app of a worker's own port.

    Args:
        vitals: tell whether it gets on.
        adapters: the parts that it stands on.
        status: what `/status` says.
    """
    health = _Health(vitals, adapters, status)
    return Starlette(
        routes=[
            Route("/livez", health.live),
            Route("/readyz", health.ready),
            Route("/metrics", health.metrics),
            Route("/status", health.status),
        ]
    )


class _Health:
    def __init__(
        self, vitals: Vitals, adapters: Adapters, status: Callable[[], dict[str, Any]]
    ) -> None:
        self._vitals = vitals
        self._readiness = Readiness(adapters.store, adapters.catalog, adapters.index)
        self._status = status

    async def live(self, _: Request) -> Response:
        """Answer `GET /livez`: 503 where starting anew may help."""
        if self._vitals.alive:
            return JSONResponse({"status": "alive"})
        stalled = {"status": "stalled", "seconds": self._vitals.stalled_s}
        return JSONResponse(stalled, 503, _SOON)

    async def ready(self, _: Request) -> Response:
        """Answer `GET /readyz`: 503 names the parts that do not answer."""
        missing = sorted({*await self._readiness.missing(), *self._vitals.waiting_for})
        if not missing:
            return JSONResponse({"status": "ready"})
        reply = {"status": "waiting", "waiting_for": missing, "kafka": self._vitals.kafka}
        return JSONResponse(reply, 503, _SOON)

    async def metrics(self, _: Request) -> Response:
        """Answer `GET /metrics`: asks the parts first, so that nobody else need probe for it."""
        await self._readiness.missing()
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def status(self, _: Request) -> Response:
        """Answer `GET /status`."""
        return JSONResponse(self._status())
