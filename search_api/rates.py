"""How often one client may call."""

import math
import time
from collections import OrderedDict
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address, ip_network

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from search_api.counting import is_search
from search_api.guard import is_open
from search_api.problems import respond

SEARCH_COST = 10
"""A search counts as one; the lists and thumbnails that a page loads by the dozen as a tenth."""

CLIENTS = 2048
"""Clients whose calls are counted; those who called the longest ago are forgotten."""


class Rates:
    """Answers 429 to a client that calls more often than its rate. Pure ASGI.

    Two counters a client stand for a moving window: a list of times would cost memory with each
    call that it is there to save.
    """

    def __init__(self, app: ASGIApp, rate: str) -> None:
        self._app = app
        searches = parse(rate)
        self._limit = type(searches)(searches.amount * SEARCH_COST, searches.multiples)
        self._window = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._clients: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 429."""
        if not is_open(scope["path"]):
            client = client_of(scope)
            await self._remember(client)
            if not await self._window.hit(self._limit, client, cost=_cost(scope["path"])):
                reset = (await self._window.get_window_stats(self._limit, client)).reset_time
                seconds = max(1, math.ceil(reset - time.time()))
                refusal = respond(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "this client calls too often",
                    headers={"Retry-After": str(seconds)},
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _remember(self, client: str) -> None:
        self._clients[client] = None
        self._clients.move_to_end(client)
        while len(self._clients) > CLIENTS:
            oldest, _ = self._clients.popitem(last=False)
            await self._window.clear(self._limit, oldest)


def client_of(scope: Scope) -> str:
    """Name a client: by its token, else by its address; one IPv6 network is one client."""
    caller: str | None = scope.get("state", {}).get("caller")
    if caller is not None:
        return caller
    host = (scope.get("client") or ("nowhere", 0))[0]
    try:
        address = ip_address(host)
    except ValueError:  # a socket file, or what a proxy said
        return str(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address)


def _cost(path: str) -> int:
    return SEARCH_COST if is_search(path) else 1
