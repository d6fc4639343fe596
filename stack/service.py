"""What a service of the stack is: how it is prepared, started, found ready, and reached."""

import random
import socket
import urllib.request
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

_PORTS = range(15_000, 30_000)
_CLAIMED = 256  # the last so many; by then what was to listen at earlier ones does
_CLAIMS: deque[int] = deque()


class CannotRun(Exception):  # noqa: N818 - names why a service is skipped, not a fault of the code
    """This service cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class Command:
    """What starts a service.

    Attributes:
        arguments: the program and its arguments; it stays in the foreground.
        environment: on top of the caller's own.
    """

    arguments: Sequence[str | Path]
    environment: Mapping[str, str] = field(default_factory=dict)


class Service(Protocol):
    """One module of this package each; `stack/registry.py` puts them together.

    Where a service listens is settled when it is made, so others can be told of it before it runs,
    and it comes back at the same place.

    Attributes:
        name: a word; of its folder and its log.
        address: `host:port` where it listens.
        settings: the `SEENIT_*` settings that lead to it.
        patience_s: how long it may take to get ready.
    """

    name: str
    address: str
    settings: Mapping[str, str]
    patience_s: float

    def obtain(self) -> None:
        """Have the program: at once, or in minutes where it must be fetched or built.

        Raises:
            CannotRun: it cannot be had.
        """

    def prepare(self, data: Path) -> Command:
        """Have the program, and write what it needs into `data`; done again at each start.

        Args:
            data: kept between starts; the service runs in it and writes nowhere else.

        Raises:
            CannotRun: a part is missing.
        """

    def ready(self) -> bool:
        """Tell whether it can be used; waits a few seconds at most."""


def answers(url: str, expected: bytes = b"") -> bool:
    """Tell whether an HTTP address answers, with `expected` somewhere in its body."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own http address
            return expected in reply.read()
    except OSError:
        return False


def accepts(address: str) -> bool:
    """Tell whether `host:port` takes connections."""
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
    except OSError:
        return False
    return True


def is_free(port: int) -> bool:
    """Tell whether nothing listens at a port of this machine."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def free_ports(count: int, among: range = _PORTS) -> list[int]:
    """Find ports that are free now, all different, and nobody else's until they are used.

    None that the system gives to outgoing connections: while a service is down, a client that
    tries to reach it again and again could be given the service's own port.
    """
    tried = random.sample(among, len(among))  # others look for ports too: start anywhere
    found = (port for port in tried if is_free(port) and _claim(port))
    return [next(found) for _ in range(count)]


def _claim(port: int) -> bool:
    """Keep others who look for ports here from one at which nobody may listen for a while yet.

    Its namesake of UDP, which no service uses, tells them.
    """
    namesake = socket.socket(type=socket.SOCK_DGRAM)
    try:
        namesake.bind(("127.0.0.1", port))
    except OSError:
        namesake.close()
        return False
    _CLAIMS.append(namesake.detach())  # it ends with this process, and no sooner
    if len(_CLAIMS) > _CLAIMED:
        socket.close(_CLAIMS.popleft())
    return True
