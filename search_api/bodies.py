"""Reads a request's body within bounds of size, time and the memory of all bodies together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.requests import Request

from search_api.limits import Limits
from search_api.problems import Problem

ENVELOPE = 64 * 1024
"""Bytes of a request that are not the picture: multipart headers, other fields, JSON."""


class Bodies:
    """All request bodies held at this moment."""

    def __init__(self, max_bytes: int, limits: Limits) -> None:
        self._max_bytes = max_bytes
        self._seconds = limits.upload_s
        self._room = limits.bodies * self._largest(json=True)

    @asynccontextmanager
    async def read(self, request: Request, *, json: bool) -> AsyncIterator[bytes]:
        """Read a body whole and hold it; its memory counts until the context is left.

        Raises:
            Problem: 413 too large, told before it is read whole; 408 too slow; 503 no memory left.
        """
        cap = self._largest(json=json)
        if int(request.headers.get("content-length", 0)) > cap:
            raise self._too_large()
        chunks: list[bytes] = []
        try:
            await self._collect(request, cap, chunks)
            yield chunks[0] if len(chunks) == 1 else b"".join(chunks)
        finally:
            self._room += sum(map(len, chunks))

    async def _collect(self, request: Request, cap: int, chunks: list[bytes]) -> None:
        left = cap
        try:
            async with asyncio.timeout(self._seconds):
                async for chunk in request.stream():
                    chunks.append(chunk)
                    left -= len(chunk)
                    self._room -= len(chunk)
                    if left < 0:
                        raise self._too_large()
                    if self._room < 0:
                        raise Problem(
                            HTTPStatus.SERVICE_UNAVAILABLE, "too many bodies", {"Retry-After": "1"}
                        )
        except TimeoutError:
            detail = f"the body took longer than {self._seconds:g} s"
            raise Problem(HTTPStatus.REQUEST_TIMEOUT, detail) from None

    def _largest(self, *, json: bool) -> int:
        """Base64 takes four bytes for three."""
        return ENVELOPE + (self._max_bytes * 4 // 3 + 4 if json else self._max_bytes)

    def _too_large(self) -> Problem:
        detail = f"a picture may have {self._max_bytes:,} bytes"
        return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
