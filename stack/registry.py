"""The services together; `python -m stack` and the tests start what is named here."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from stack.daemon import Daemon
from stack.kafka import Kafka
from stack.milvus import Milvus
from stack.minio import MinIO
from stack.mysql import MySQL
from stack.programs import tool
from stack.prometheus import amtool, promtool
from stack.service import CannotRun, free_ports
from stack.toxiproxy import Proxy, Toxiproxy

PORTS = {"kafka": 9092, "minio": 9000, "mysql": 3306, "milvus": 19530}
"""For working by hand: the ports that the services' own documentation uses."""

TOPIC = "seenit.notifications"

_USERS = {
    "SEENIT_TOPIC": TOPIC,
    "SEENIT_BUCKETS": "images",
    "SEENIT_SEARCH_USER": "seenit-search",
    "SEENIT_SEARCH_PASSWORD": "search-secret",
}


class Stack:
    """Kafka, MinIO, MySQL and Milvus of one place; and, when asked for, a faulty way to each.

    Where each listens is settled at once, so each may be started without the others; MinIO keeps
    what it has to tell until Kafka is there.

    Args:
        folder: holds the services' data and logs.
        bound: the services end with this process, even if that is killed.
        ports: where each of them listens; free ones if not given.
    """

    def __init__(
        self, folder: Path, *, bound: bool, ports: Mapping[str, int] | None = None
    ) -> None:
        at = ports or dict(zip(PORTS, free_ports(len(PORTS)), strict=True))
        self.kafka = Kafka(at["kafka"])
        self.minio = MinIO(at["minio"], self.kafka.address, TOPIC)
        self.mysql = MySQL(at["mysql"])
        self.milvus = Milvus(at["milvus"])
        self.toxiproxy = Toxiproxy(free_ports(1)[0])
        services = (self.kafka, self.minio, self.mysql, self.milvus, self.toxiproxy)
        self.daemons = {service.name: Daemon(service, folder, bound=bound) for service in services}

    @property
    def settings(self) -> dict[str, str]:
        """All `SEENIT_*` settings of a Seenit that works with this stack."""
        return _USERS | {
            name: value
            for daemon in self.daemons.values()
            for name, value in daemon.settings.items()
        }

    def obtain(self) -> dict[str, CannotRun]:
        """Have all programs, also those of tests only; returns what cannot be had, and why."""
        wanted: dict[str, Callable[[], object]] = {
            name: daemon.service.obtain for name, daemon in self.daemons.items()
        }
        wanted |= {name: partial(tool, name) for name in ("mc", "rclone")}
        return _attempt(wanted | {"prometheus": promtool, "alertmanager": amtool})

    def start(self, names: Iterable[str] = PORTS) -> dict[str, CannotRun]:
        """Start services, all at the same time; returns what cannot be had, and why."""
        return _attempt({name: self.daemons[name].start for name in names})

    def proxies(self) -> dict[str, Proxy]:
        """Return a way to each service that can be made to fail; Toxiproxy must run."""
        kafka = self.toxiproxy.proxy("kafka", self.kafka.upstream, self.kafka.proxy)
        others = (self.minio, self.mysql, self.milvus)
        return {"kafka": kafka} | {
            service.name: self.toxiproxy.proxy(service.name, service.address) for service in others
        }

    def stop(self, patience_s: float = 20.0) -> None:
        """End what runs, all at the same time."""
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda daemon: daemon.stop(patience_s), self.daemons.values()))


def _attempt(works: Mapping[str, Callable[[], object]]) -> dict[str, CannotRun]:
    """Do all at the same time; returns those that failed, and why."""

    def problem(work: Callable[[], object]) -> CannotRun | None:
        try:
            work()
        except CannotRun as reason:
            return reason
        return None

    with ThreadPoolExecutor() as threads:
        problems = zip(works, threads.map(problem, works.values()), strict=True)
        return {name: reason for name, reason in problems if reason}
