"""How much of the process one client, or all of them together, may take."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from search_api.problems import Problem


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the API that no operator has had to change so far.

    Attributes:
        upload_s: the longest a request's body may take to arrive.
        search_s: the longest a search may take, from its whole body to its reply.
        running: searches worked on side by side.
        waiting: searches that may wait for their turn; more are told to come back.
        bodies: bodies of the largest size held at once, as a bound of memory.
        thumbnails: originals read or re-encoded side by side.
        fetches: searches by URL side by side, from the fetch to the reply: each holds a picture.
        fetches_waiting: searches by URL that may wait for their turn.
        fetch_s: the longest a fetch may take, all redirects together.
    """

    upload_s: float = 30.0
    search_s: float = 30.0
    running: int = 64
    waiting: int = 128
    bodies: int = 8
    thumbnails: int = 4
    fetches: int = 8
    fetches_waiting: int = 16
    fetch_s: float = 10.0


class Gate:
    """Lets `running` in; `waiting` more wait their turn, the rest are turned away."""

    def __init__(self, running: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(running)
        self._room = waiting

    @asynccontextmanager
    async def enter(self) -> AsyncIterator[None]:
        """Hold a place.

        Raises:
            Problem: 429, when too many wait already.
        """
        if self._free.locked():
            if self._room == 0:
                raise Problem(
                    HTTPStatus.TOO_MANY_REQUESTS, "too many requests wait", {"Retry-After": "1"}
                )
            self._room -= 1
            try:
                await self._free.acquire()
            finally:
                self._room += 1
        else:
            await self._free.acquire()
        try:
            yield
        finally:
            self._free.release()
