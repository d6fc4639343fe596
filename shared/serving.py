"""Listening, and serving an app there, as both processes do it."""

import errno
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.addresses import http_address
from shared.connections import Patience, bounded
from shared.errors import ConfigurationError

GRACE_S = 10
"""How long requests under way may still take once the process was told to stop."""


def listen(
    host: str, port: int, options: tuple[str, str] = ("SEENIT_HOST", "SEENIT_PORT")
) -> socket.socket:
    """Take the address before anything slow is started; port 0 takes a free one.

    Args:
        host: a name or an address.
        port: 0 to 65,535.
        options: the settings that said so, to be named where they are at fault.

    Raises:
        ConfigurationError: it cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (socket.gaierror, UnicodeError):
        raise ConfigurationError(options[0], f"{host} is no address") from None
    family, _, _, _, place = found[0]
    try:
        return socket.create_server(place[:2], family=family, backlog=2048)
    except OSError as error:
        option = options[0] if error.errno == errno.EADDRNOTAVAIL else options[1]
        problem = f"cannot listen at {host}:{port}: {os.strerror(error.errno or 0)}"
        raise ConfigurationError(option, problem) from None


def address(listener: socket.socket) -> str:
    """Name the address that a browser on this machine opens."""
    host, port = listener.getsockname()[:2]
    return http_address(host, port)


def server_for(
    app: ASGIApp, trusted_proxies: Sequence[str] = (), patience: Patience | None = None
) -> uvicorn.Server:
    """Make the server of an app, which also ends on SIGINT and SIGTERM.

    Whoever runs it hands it the listening socket.

    Args:
        app: what it serves.
        trusted_proxies: addresses and networks whose word on the client's own address is taken.
        patience: the bounds of each connection.
    """
    return uvicorn.Server(_config(app, trusted_proxies, patience or Patience()))


def side_server_for(app: ASGIApp, trusted_proxies: Sequence[str] = ()) -> uvicorn.Server:
    """Make the server of an app whose process minds the signals itself; else as `server_for`."""
    return _SideServer(_config(app, trusted_proxies, Patience()))


class _SideServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(app: ASGIApp, trusted_proxies: Sequence[str], patience: Patience) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=bounded(patience),
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_S,
    )
