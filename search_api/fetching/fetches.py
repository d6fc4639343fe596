"""The pictures that are being fetched at this moment: how many, and for whom."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from search_api.fetching.download import Download
from search_api.fetching.picture_urls import PictureUrl
from search_api.fields import malformed
from search_api.limits import Gate, Limits
from shared.metrics import SEARCH_SECONDS


class Fetches:
    """Fetches for requests, a bounded number at once; refuses all where there is no `download`."""

    def __init__(self, download: Download | None, limits: Limits) -> None:
        self._download = download
        self._gate = Gate(limits.fetches, limits.fetches_waiting)

    @asynccontextmanager
    async def fetched(self, text: str, request: Request) -> AsyncIterator[bytes]:
        """Fetch the picture at a URL and hold it; its place comes free when the context is left.

        Raises:
            Problem: 400, search by URL is off or the text is no such URL; 429, too many wait;
                502 and 504 as `Download.fetch`.
            Rejected: as `Download.fetch`.
            ClientDisconnect: whoever asked has left; nothing is fetched any more.
        """
        if self._download is None:
            raise malformed("url: search by URL is off")
        try:
            url = PictureUrl.parse(text)
        except ValueError as error:
            raise malformed(f"url: {error}") from None
        async with self._gate.enter():
            with SEARCH_SECONDS.labels("fetch").time():
                data = await _while_there(request, self._download.fetch(url))
            yield data


async def _while_there(request: Request, work: Coroutine[None, None, bytes]) -> bytes:
    """Work for a client, whose request was read whole, only as long as it waits."""
    working, leaving = asyncio.create_task(work), asyncio.create_task(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientDisconnect
        return working.result()
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.gather(working, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
