"""Downloads one picture, within bounds of hops, time and bytes."""

import asyncio
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from ssl import SSLContext

from httpcore import (
    URL,
    AsyncConnectionPool,
    AsyncNetworkBackend,
    NetworkError,
    ProtocolError,
    Response,
    TimeoutException,
    default_ssl_context,
)

from search_api.fetching.picture_urls import PictureUrl
from search_api.problems import Problem
from shared.errors import Reason, Rejected

REDIRECTS = 3
SECONDS = 10.0
CONNECT_S = 3.0
"""The longest that one address may take to answer, so that the next one has its chance."""

AGAIN = frozenset({301, 302, 303, 307, 308})

FAILED = "the URL could not be fetched"
"""All that is said of a refused address, a name without one, a port that is closed and an answer
that breaks off: whoever asks learns nothing about what this machine can reach."""


class Download:
    """Fetches pictures from wherever `network` leads.

    It sends no cookie, no credentials and no referrer, knows no proxy, and asks for the bytes as
    they are: what comes compressed is refused, so that the cap holds for what is in memory.

    Attributes:
        seconds: the longest that one picture may take, all hops together.
    """

    def __init__(
        self, network: AsyncNetworkBackend, max_bytes: int, seconds: float = SECONDS
    ) -> None:
        self._network = network
        self._max_bytes = max_bytes
        self.seconds = seconds

    async def fetch(self, url: PictureUrl) -> bytes:
        """Download what is there.

        Raises:
            Problem: 502, it cannot be fetched; 504, it takes too long.
            Rejected: it has too many bytes.
        """
        try:
            async with asyncio.timeout(self.seconds), self._pool() as pool:
                return await self._follow(pool, url)
        except (TimeoutError, TimeoutException):
            detail = f"the URL took longer than {self.seconds:g} s"
            raise Problem(HTTPStatus.GATEWAY_TIMEOUT, detail) from None
        except (NetworkError, ProtocolError, OSError):  # an OSError of TLS comes as it is
            raise _failed() from None

    def _pool(self) -> AsyncConnectionPool:
        """Make a pool for one picture: nobody gets a connection that another's URL has opened."""
        return AsyncConnectionPool(ssl_context=_tls(), network_backend=self._network)

    async def _follow(self, pool: AsyncConnectionPool, url: PictureUrl) -> bytes:
        for _ in range(1 + REDIRECTS):
            asked = URL(
                scheme=url.url.raw_scheme,
                host=url.url.raw_host,
                port=url.url.port,
                target=url.url.raw_path,
            )
            headers = [(b"Host", url.url.netloc), *HEADERS]
            extensions = {"timeout": {"connect": CONNECT_S}}
            async with pool.stream("GET", asked, headers=headers, extensions=extensions) as answer:
                if answer.status not in AGAIN:
                    return await self._body(answer)
                url = _next(url, answer)
        raise _failed()

    async def _body(self, answer: Response) -> bytes:
        if answer.status != HTTPStatus.OK:
            raise _failed(f"the URL answered {answer.status}")
        if _header(answer, b"content-encoding").strip().lower() not in {"", "identity"}:
            raise _failed()
        if int(_header(answer, b"content-length") or 0) > self._max_bytes:
            raise self._too_large()
        chunks, left = [], self._max_bytes
        async for chunk in answer.aiter_stream():
            chunks.append(chunk)
            left -= len(chunk)
            if left < 0:
                raise self._too_large()
        return b"".join(chunks)

    def _too_large(self) -> Rejected:
        return Rejected(Reason.TOO_MANY_BYTES, f"a picture may have {self._max_bytes:,} bytes")


HEADERS = [
    (b"Accept", b"image/*,*/*;q=0.1"),
    (b"Accept-Encoding", b"identity"),
    (b"User-Agent", f"Seenit/{version('seenit')}".encode()),
]


@cache
def _tls() -> SSLContext:
    """Read the world's certificates once: it takes as long as many a fetch."""
    return default_ssl_context()


def _next(url: PictureUrl, answer: Response) -> PictureUrl:
    location = _header(answer, b"location")
    if not location:
        raise _failed()
    try:
        return url.join(location)
    except ValueError:
        raise _failed() from None


def _header(answer: Response, name: bytes) -> str:
    found = [value for key, value in answer.headers if key.lower() == name]
    return b",".join(found).decode("utf-8", "replace")


def _failed(detail: str = FAILED) -> Problem:
    return Problem(HTTPStatus.BAD_GATEWAY, detail)
