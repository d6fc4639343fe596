"""A TCP proxy that can be told to fail: Toxiproxy, and its control."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

from stack.programs import tool
from stack.service import Command, answers, free_ports

Stream = Literal["downstream", "upstream"]
"""What a fault spoils: the answers (downstream) or the requests (upstream)."""


@dataclass(frozen=True)
class Proxy:
    """One way to one service, sound until told otherwise.

    Attributes:
        address: `host:port` for clients.
    """

    address: str
    _control: str

    def cut(self) -> None:
        """Refuse connections and drop those there are, as a service that is down does."""
        self._ask("POST", "", {"enabled": False})

    def slow(self, latency_ms: int, jitter_ms: int = 0, stream: Stream = "downstream") -> None:
        """Keep data back for so long."""
        self.add("latency", stream, latency=latency_ms, jitter=jitter_ms)

    def hang(self, stream: Stream = "downstream") -> None:
        """Let data disappear while connections stay open, as a network that is parted does."""
        self.add("timeout", stream, timeout=0)

    def limit(self, count: int, stream: Stream = "downstream", toxicity: float = 1.0) -> None:
        """Close each connection after `count` bytes: answers end in their middle."""
        self.add("limit_data", stream, toxicity, bytes=count)

    def add(
        self, kind: str, stream: Stream = "downstream", toxicity: float = 1.0, **attributes: int
    ) -> None:
        """Add a fault of a kind of Toxiproxy's own to all connections, also those there are.

        Args:
            kind: such as `bandwidth`, `slow_close`, `reset_peer`; one of each kind and stream.
            stream: what it spoils.
            toxicity: the share of connections that it spoils.
            attributes: as the kind has them.
        """
        toxic = {"type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        self._ask("POST", "/toxics", toxic)

    def mend(self) -> None:
        """Be sound again."""
        for toxic in self._ask("GET", "/toxics").json():
            self._ask("DELETE", f"/toxics/{toxic['name']}")
        self._ask("POST", "", {"enabled": True})

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        reply = httpx.request(method, self._control + path, json=body, timeout=10)
        return reply.raise_for_status()


class Toxiproxy:
    """The proxies' server.

    Args:
        port: where it is told what to do.
    """

    name = "toxiproxy"
    patience_s = 20.0

    def __init__(self, port: int) -> None:
        self.address = f"127.0.0.1:{port}"
        self.settings: Mapping[str, str] = {}

    def obtain(self) -> None:
        """Have the program; see `stack.service.Service`."""
        tool("toxiproxy")

    def prepare(self, data: Path) -> Command:  # noqa: ARG002 - it keeps nothing
        """Say where it listens; see `stack.service.Service`."""
        host, port = self.address.split(":")
        return Command([tool("toxiproxy"), "-host", host, "-port", port])

    def ready(self) -> bool:
        """Tell whether it takes orders."""
        return answers(f"http://{self.address}/version")

    def proxy(self, name: str, upstream: str, listen: str | None = None) -> Proxy:
        """Make a proxy before `upstream`, or take the one of this name that there is.

        Args:
            name: of the proxy.
            upstream: `host:port` of the service.
            listen: `host:port` for its clients; any free port if not given.
        """
        proxies = f"http://{self.address}/proxies"
        known = httpx.get(proxies, timeout=10).raise_for_status().json()
        if name not in known:
            at = listen or f"127.0.0.1:{free_ports(1)[0]}"
            body = {"name": name, "listen": at, "upstream": upstream, "enabled": True}
            known[name] = httpx.post(proxies, json=body, timeout=10).raise_for_status().json()
        return Proxy(known[name]["listen"], f"{proxies}/{name}")
