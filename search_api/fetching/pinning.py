"""A network that leads to judged addresses only."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address

from httpcore import (
    SOCKET_OPTION,
    AnyIOBackend,
    AsyncNetworkBackend,
    AsyncNetworkStream,
    ConnectError,
    ConnectTimeout,
)

from search_api.fetching.addresses import Address, Judge, may_be_reached

Resolve = Callable[[str, int], Awaitable[Sequence[Address]]]

RESOLVERS = 8
"""Names looked up side by side, on threads of their own: a name server that never answers holds
its thread for long, and must not hold one that searches need."""


class Resolver:
    """Asks the system for a host's addresses."""

    def __init__(self, threads: int = RESOLVERS) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="resolver")

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        """Resolve a name or read an address, in whatever way the system reads it.

        Raises:
            ConnectError: there is none.
        """
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        except (OSError, UnicodeError) as error:
            raise ConnectError(str(error)) from None
        return list(dict.fromkeys(ip_address(place[0]) for *_, place in found))


class PinnedNetwork(AsyncNetworkBackend):
    """Resolves each host once, judges all its addresses, and connects to just those.

    Every connection of an httpcore pool is made here, a redirect's too; above it, TLS still asks
    for the host by name. Nothing is looked up again between judging and connecting, so a name
    that changes its address meanwhile gains nothing.
    """

    def __init__(
        self,
        judge: Judge = may_be_reached,
        resolve: Resolve | None = None,
        network: AsyncNetworkBackend | None = None,
    ) -> None:
        self._judge = judge
        self._resolve = resolve or Resolver()
        self._network = network or AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's own signature
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> AsyncNetworkStream:
        """Connect to the first address that answers.

        Raises:
            ConnectError: one of the addresses may not be reached, there is none, or none answers.
            ConnectTimeout: the last of them did not answer in time.
        """
        addresses = await self._resolve(host, port)
        if not all(self._judge(address, port) for address in addresses):
            raise ConnectError("refused")
        failure: Exception = ConnectError("no address")
        for address in addresses:
            try:
                return await self._network.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (ConnectError, ConnectTimeout) as error:
                failure = error
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore's own signature
        socket_options: Iterable[SOCKET_OPTION] | None = None,  # noqa: ARG002 - the same
    ) -> AsyncNetworkStream:
        """Refuse.

        Raises:
            ConnectError: always.
        """
        raise ConnectError(path)

    async def sleep(self, seconds: float) -> None:
        """Wait between two tries."""
        await self._network.sleep(seconds)
