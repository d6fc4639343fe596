"""A real Prometheus on the project's own configuration, quick enough to be waited for."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import httpx
import yaml

from stack.daemon import Daemon
from stack.prometheus import Prometheus
from stack.service import free_ports
from tests.monitoring.places import PROMETHEUS
from tests.system.running import PATIENCE_S, eventually

Hurry = Callable[[str], str]


def as_it_is(rules: str) -> str:
    """Take the rules with their own durations."""
    return rules


def in_seconds(rules: str) -> str:
    """Take the rules with seconds in place of minutes and hours."""
    rules = re.sub(r"for: \d+[mh]", "for: 5s", rules)
    return re.sub(r"\[\d+m\]", "[30s]", rules)


class Watch:
    """Prometheus, watching processes of the tests as it would watch those of an operator.

    Args:
        folder: for its configuration and its series.
        targets: `host:port` of the processes, by the names of their jobs.
        hurry: what to make of the rules.
        every_s: seconds between two scrapes. One may take as long; on a busy machine it does.
    """

    def __init__(
        self,
        folder: Path,
        targets: dict[str, list[str]],
        hurry: Hurry = as_it_is,
        every_s: int = 2,
    ) -> None:
        config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
        config["global"] = {"evaluation_interval": "1s"}
        config["global"] |= dict.fromkeys(("scrape_interval", "scrape_timeout"), f"{every_s}s")
        del config["alerting"]
        for job in config["scrape_configs"]:
            del job["dns_sd_configs"]
            job["static_configs"] = [{"targets": targets[job["job_name"]]}]
        (folder / "rules").mkdir(parents=True)
        for file in PROMETHEUS.glob("rules/*.yml"):
            (folder / "rules" / file.name).write_text(hurry(file.read_text()))
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        prometheus = Prometheus(free_ports(1)[0], folder / "prometheus.yml")
        self._url = prometheus.url
        self._daemon = Daemon(prometheus, folder, bound=True)

    def __enter__(self) -> Self:
        self._daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop(patience_s=2)

    def ask(self, path: str, **query: str) -> Any:
        reply = httpx.get(f"{self._url}/api/v1/{path}", params=query, timeout=PATIENCE_S)
        assert reply.status_code == 200, (query, reply.text)
        return reply.json()["data"]

    def values(self, expression: str) -> list[float]:
        """Evaluate an expression now; what is no number is no answer."""
        result = self.ask("query", query=expression)["result"]
        found = [float(series["value"][1]) for series in result]
        return [value for value in found if not math.isnan(value)]

    def targets(self) -> dict[str, str]:
        """Tell the health of what is scraped, by job."""
        told = self.ask("targets")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in told}

    def faulty_rules(self) -> list[str]:
        """Name the rules that could not be evaluated, and why."""
        rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        return [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule["health"] == "err"]

    def firing(self) -> set[str]:
        """Name the alerts that fire now."""
        told = self.ask("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in told if alert["state"] == "firing"}

    def until_firing(self, alert: str, within: float = PATIENCE_S) -> None:
        eventually(lambda: alert in self.firing(), within)

    def until_silent(self, alert: str, within: float = PATIENCE_S) -> None:
        eventually(lambda: alert not in self.firing(), within)
