"""Prometheus, from Debian's package: scrapes what it is told to, and evaluates rules."""

from collections.abc import Mapping
from pathlib import Path

from stack.programs import unpacked
from stack.service import Command, answers


def promtool() -> str:
    """Return the program that checks configurations and tests rules."""
    return unpacked("promtool", "prometheus")


def amtool() -> str:
    """Return the program that checks configurations of the Alertmanager."""
    return unpacked("amtool", "prometheus-alertmanager")


class Prometheus:
    """None of the four that Seenit needs; a service of the tests.

    Args:
        port: where it listens.
        config: its configuration, read at each start.
    """

    name = "prometheus"
    patience_s = 30.0

    def __init__(self, port: int, config: Path) -> None:
        self.address = f"127.0.0.1:{port}"
        self.url = f"http://{self.address}"
        self.settings: Mapping[str, str] = {}
        self._config = config

    def obtain(self) -> None:
        """Have the program; see `stack.service.Service`."""
        unpacked("prometheus", "prometheus")

    def prepare(self, data: Path) -> Command:
        """Say where all is; see `stack.service.Service`."""
        options = [
            f"--config.file={self._config}",
            f"--storage.tsdb.path={data / 'series'}",
            f"--web.listen-address={self.address}",
            "--log.level=warn",
        ]
        return Command([unpacked("prometheus", "prometheus"), *options])

    def ready(self) -> bool:
        """Tell whether it answers queries."""
        return answers(f"{self.url}/-/ready")
