"""Kept-alive HTTP/1.1 connections to one server, for small requests and whole answers.

Client's core-ms per GET and per HEAD, measured turn about on 600 photos of 110 kB with 8 threads on
two busy cores (SHA-256 is 0.06 of a GET; the server spends 0.35 and 0.2): minio-py 0.40 and 0.33,
urllib3 0.34 and 0.26, http.client 0.25 and 0.15, this 0.20 and 0.10. Most of the difference is that
Python parses headers there; here httptools does, the parser of uvicorn.
"""

import hashlib
import select
import socket
import ssl
from collections import deque

import httptools

from shared.errors import TransientError
from shared.storage.s3.address import Address

CONNECT_S = 5.0
READ_S = 15.0
IDLE = 32
"""Connections that are kept while nobody uses them."""
CHUNK = 256 * 1024
SMALL = 16 * 2**20
"""More than any answer that is no object: a thousand keys of 1,024 escaped bytes are 4 MB."""


class Reply:
    """One answer, filled in as it arrives.

    Attributes:
        status: of HTTP.
        headers: names in lower case; values as bytes, since user metadata may be any.
        arrived: bytes of the body so far.
        whole: the body is all there.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.arrived = 0
        self.whole = False
        self.headed = False
        self._chunks: list[bytes] = []
        self._hash = hashlib.sha256()

    @property
    def body(self) -> bytes:
        """What of the body has arrived."""
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)

    @property
    def digest(self) -> str:
        """SHA-256 of the body, hex."""
        return self._hash.hexdigest()

    @property
    def length(self) -> int | None:
        """How long the body is said to be."""
        length = self.headers.get(b"content-length", b"")
        return int(length) if length.isdigit() else None

    def text(self, name: bytes) -> str:
        """Return a header, empty where there is none."""
        return self.headers.get(name, b"").decode("utf-8", "replace")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header (httptools)."""
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Note that only the body is to come (httptools)."""
        self.headed = True

    def on_body(self, data: bytes) -> None:
        """Take a part of the body (httptools)."""
        self._chunks.append(data)
        self._hash.update(data)
        self.arrived += len(data)

    def on_message_complete(self) -> None:
        """Note that the body is whole (httptools)."""
        self.whole = True


class Connections:
    """Connections to one address, reused by whatever thread comes next. Blocks; thread-safe."""

    def __init__(self, address: Address) -> None:
        self._place = (address.host, address.port)
        self._tls = ssl.create_default_context() if address.secure else None
        self._idle: deque[socket.socket] = deque()

    def exchange(self, request: bytes, *, body: bool = True, most: int) -> Reply:
        """Send a request and take its answer. The request may be sent twice.

        Args:
            request: its line and headers.
            body: whether the answer has one; that to a HEAD has not.
            most: bytes of the body that are wanted; of a longer one not all is read, and `whole`
                stays False. What tells of a refusal is small and always wanted.

        Raises:
            TransientError: no connection, or it ended or fell silent before the answer was whole.
        """
        while kept := self._kept():
            reply = Reply()
            try:
                return self._exchange(kept, request, reply, body=body, most=most)
            except TransientError as error:
                # The server may have closed it just as we took it; silence is another matter.
                if reply.headed or isinstance(error.__cause__, TimeoutError):
                    raise
        return self._exchange(self._connect(), request, Reply(), body=body, most=most)

    def __del__(self) -> None:
        # A store is opened and forgotten, as a folder is: its connections end with it.
        while self._idle:
            self._idle.pop().close()

    def _exchange(
        self, connection: socket.socket, request: bytes, reply: Reply, *, body: bool, most: int
    ) -> Reply:
        parser = httptools.HttpResponseParser(reply)
        reusable = False
        try:
            connection.sendall(request)
            while not _is_enough(reply, body=body, most=most):
                data = connection.recv(CHUNK)
                if not data:
                    raise TransientError("store", "the connection ended before the answer did")
                parser.feed_data(data)
                reply.status = parser.get_status_code()
            reusable = (reply.whole or not body) and parser.get_http_version() == "1.1"
            reusable = reusable and reply.text(b"connection").lower() != "close"
        except (OSError, httptools.HttpParserError) as error:
            raise TransientError("store", f"reading failed: {error}") from error
        finally:
            if reusable and len(self._idle) < IDLE:
                self._idle.append(connection)
            else:
                connection.close()
        return reply

    def _kept(self) -> socket.socket | None:
        """Take an idle connection, the one used last; drop those that the server has ended."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            poll = select.poll()
            poll.register(connection, select.POLLIN)
            if not poll.poll(0):
                return connection
            connection.close()
        return None

    def _connect(self) -> socket.socket:
        try:
            connection = socket.create_connection(self._place, CONNECT_S)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_hostname=self._place[0])
            connection.settimeout(READ_S)
        except OSError as error:
            place = f"{self._place[0]}:{self._place[1]}"
            raise TransientError("store", f"{place} cannot be reached: {error}") from error
        return connection


def _is_enough(reply: Reply, *, body: bool, most: int) -> bool:
    if not body:
        return reply.headed
    wanted = most if reply.status == 200 else max(most, SMALL)
    return reply.whole or (reply.headed and max(reply.arrived, reply.length or 0) > wanted)
