"""What one connection may take of the server before it has asked anything, and after."""

import logging
from asyncio import TimerHandle, Transport
from dataclasses import dataclass
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from shared.gathering import GatheringTransport

# Whoever sends what is no HTTP is told so; the log is not theirs to fill.
logging.getLogger("uvicorn.error").setLevel(logging.ERROR)

HARMLESS = (
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\nX-Frame-Options: DENY\r\n"
)
"""Headers of an answer that comes before there is an app to answer."""

PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.SERVICE_UNAVAILABLE})
"""Refusals that the same request may not meet again."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Bounds of each connection.

    Attributes:
        connections: open at once; one more is told to come back.
        head_s: the longest that the head of a request may take, the first one's from connecting.
        head_bytes: the longest head that is waited for.
        body_s: the longest that the body may take after it, whether anyone still reads it or not.
        stall_s: a client that takes up nothing of its answer for so long is given up.
    """

    connections: int = 1024
    head_s: float = 10.0
    head_bytes: int = 64 * 1024
    body_s: float = 60.0
    stall_s: float = 30.0


class BoundedConnection(HttpToolsProtocol):
    """An HTTP connection that outlasts no one's patience.

    The server itself bounds how long a connection rests between two requests, the API how long the
    body takes that it reads; this bounds what is between, which the process would hold for ever:
    heads that drip or never end, bodies that go on when they are answered, and answers that nobody
    takes up.
    """

    patience = Patience()

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as uvicorn
        """Wait for the first head, if there is room for another connection."""
        super().connection_made(GatheringTransport(transport, self.loop))  # type: ignore[arg-type]
        self._head_bytes = 0
        self._left_to_send = 0
        self._stalled: TimerHandle | None = None
        self._body_due: TimerHandle | None = None
        self._head_due: TimerHandle | None = self.loop.call_later(
            self.patience.head_s, self._head_is_late
        )
        if len(self.connections) > self.patience.connections:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._head_is_there()
        self._body_is_there()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Read on, unless the head is too long by now."""
        if self.transport.is_closing():
            return
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_due is not None and self._head_bytes > self.patience.head_bytes:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the server's own words
        """Refuse what is no HTTP as everything else is refused."""
        self._refuse(HTTPStatus.BAD_REQUEST)

    def on_message_begin(self) -> None:
        """Wait for the whole head of a request that has begun."""
        super().on_message_begin()
        if self._head_due is None:
            self._head_bytes = 0
            self._head_due = self.loop.call_later(self.patience.head_s, self._head_is_late)

    def on_headers_complete(self) -> None:
        """Leave the rest of the request to the API, for as long as it may take."""
        self._head_is_there()
        self._body_due = self.loop.call_later(self.patience.body_s, self.transport.abort)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Rest until the next request."""
        self._body_is_there()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Watch whether the client takes up what waits for it."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """Watch no more: it does."""
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _head_is_there(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _body_is_there(self) -> None:
        if self._body_due is not None:
            self._body_due.cancel()
            self._body_due = None

    def _head_is_late(self) -> None:
        if self._head_bytes:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self.transport.close()

    def _refuse(self, status: HTTPStatus) -> None:
        """Answer, unless another answer is on its way or due, and hang up."""
        asked = self.cycle
        if asked is None or asked.response_complete or _only_begun(asked):
            body = f'{{"type":"about:blank","title":"{status.phrase}","status":{status.value},'
            body += f'"detail":"{status.description or status.phrase}"}}'
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{HARMLESS}"
            head += "Retry-After: 1\r\n" if status in PASSING else ""
            head += f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
            self.transport.write(f"{head}Connection: close\r\n\r\n{body}".encode())
        self.transport.close()

    def _watch(self) -> None:
        self._left_to_send = self.transport.get_write_buffer_size()
        self._stalled = self.loop.call_later(self.patience.stall_s, self._has_it_moved)

    def _has_it_moved(self) -> None:
        if self.transport.get_write_buffer_size() < self._left_to_send:
            self._watch()
        else:
            self.transport.abort()


def _only_begun(asked: RequestResponseCycle) -> bool:
    """Tell whether a request's body is not whole yet and nothing is answered."""
    return asked.more_body and not asked.response_started


def bounded(patience: Patience) -> type[BoundedConnection]:
    """Make the class of connections with this patience, as the server makes them by class."""
    return type("BoundedConnection", (BoundedConnection,), {"patience": patience})
