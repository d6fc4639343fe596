"""A line between two processes: lengths first, then the bytes; no pickles.

Neither end trusts the other, so what it says is bounded, and the parent's end never holds the event
loop, however slowly the other one speaks.
"""

import asyncio
import socket
import struct
from collections.abc import Sequence

_LENGTHS = struct.Struct("!QQ")
MOST = 2**16, 2**26
"""Bytes of an answer's two parts, at most."""


class Line:
    """The parent's end. For one caller at a time, in whichever event loop.

    Raises:
        OSError, EOFError: from any call: the other end is gone.
        ValueError: from `receive`: it says what cannot be.
    """

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end
        self._readable = asyncio.Event()
        self._watching: asyncio.AbstractEventLoop | None = None

    async def send(self, header: bytes, body: bytes) -> None:
        """Send a message of two parts."""
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(self._end, _LENGTHS.pack(len(header), len(body)) + header)
        await loop.sock_sendall(self._end, body)

    async def receive(self) -> tuple[bytearray, bytearray]:
        """Wait for a message."""
        sizes = _LENGTHS.unpack(await self._bytes(_LENGTHS.size))
        if any(size > most for size, most in zip(sizes, MOST, strict=True)):
            raise ValueError("too long an answer")
        return await self._bytes(sizes[0]), await self._bytes(sizes[1])

    def close(self) -> None:
        """Hang up, in the event loop's own thread."""
        if self._watching is not None and not self._watching.is_closed():
            self._watching.remove_reader(self._end)
        self._end.close()

    async def _bytes(self, size: int) -> bytearray:
        received = bytearray(size)
        left = memoryview(received)
        while left:
            try:
                count = self._end.recv_into(left)
            except BlockingIOError:
                await self._wait()
            else:
                if not count:
                    raise EOFError
                left = left[count:]
        return received

    async def _wait(self) -> None:
        """Wait for more. Once watched, the end stays so: to begin and end that costs 0.05 ms."""
        loop = asyncio.get_running_loop()
        if loop is not self._watching:
            self._readable, self._watching = asyncio.Event(), loop
            loop.add_reader(self._end, self._readable.set)
        self._readable.clear()
        await self._readable.wait()


def send(end: socket.socket, header: bytes, body: bytes | memoryview) -> None:
    """Send a message from the child's end, which waits for its parent."""
    end.sendall(_LENGTHS.pack(len(header), len(body)) + header)
    end.sendall(body)


def receive(end: socket.socket) -> Sequence[bytes]:
    """Wait for a message at the child's end.

    Raises:
        EOFError: the parent is gone.
    """
    return [_all_of(end, size) for size in _LENGTHS.unpack(_all_of(end, _LENGTHS.size))]


def _all_of(end: socket.socket, size: int) -> bytes:
    received = end.recv(size, socket.MSG_WAITALL) if size else b""
    while len(received) < size:  # a part comes where this process was halted and goes on
        more = end.recv(size - len(received), socket.MSG_WAITALL)
        if not more:
            raise EOFError
        received += more
    return received
