"""How many searches are asked, and how each of them ends."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.metrics import IN_FLIGHT, SEARCHES

_IN_FLIGHT = IN_FLIGHT.labels("searches")


def is_search(path: str) -> bool:
    """Tell whether a path searches, rather than lists, shows or signs in."""
    return path == "/v1/search" or (path.startswith("/v1/images/") and path.endswith("/similar"))


class CountSearches:
    """Counts the answers to searches by status, whoever in the API gives them. Pure ASGI.

    It stands before those who refuse, so that a flood of 429 is seen.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and count its answer; what ends without one is a 500."""
        if scope["type"] != "http" or not is_search(scope["path"]):
            await self._app(scope, receive, send)
            return
        status = 500

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with _IN_FLIGHT.track_inprogress():
                await self._app(scope, receive, watch)
        finally:
            SEARCHES.labels(str(status)).inc()
