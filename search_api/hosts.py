"""The names that a browser may call an open API by."""

from functools import lru_cache
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from search_api.problems import respond
from shared.settings import Settings


class Hosts:
    """Answers to this machine's own names only. Pure ASGI.

    A page of anywhere can have its name lead to 127.0.0.1 once it is loaded (DNS rebinding); its
    scripts then share their origin with an API that listens there, and read all that it answers.
    An address, or `localhost`, is nobody's to lead elsewhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 421."""
        host = Headers(scope=scope).get("host", "")
        if host and not is_own(host):
            refusal = respond(
                HTTPStatus.MISDIRECTED_REQUEST,
                "without tokens this answers to localhost and to addresses only",
            )
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def must_be_own(settings: Settings) -> bool:
    """Tell whether only the reach of this machine guards the API: no token, no proxy before it."""
    return not settings.api_tokens and not settings.trusted_proxies and _is_loopback(settings.host)


@lru_cache(maxsize=64)  # the same few hosts, request after request
def is_own(host: str) -> bool:
    """Tell whether a `Host` is an address or `localhost`."""
    try:
        name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return False
    return name == "localhost" or name.endswith(".localhost") or _is_address(name)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
