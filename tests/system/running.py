"""The real `seenit` as processes of their own, and what a test asks of them."""

import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import TypeVar

import httpx
import psutil
from click.testing import Result
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from seenit.cli import app
from seenit.console import ROOMS

T = TypeVar("T")

PATIENCE_S = 120.0
"""Far above what anything here takes, so that a busy machine fails no test."""


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "seenit", *map(str, arguments)]


def environment(**settings: object) -> dict[str, str]:
    """The environment without anyone's own settings, but with these."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SEENIT_")}
    return own | {f"SEENIT_{name.upper()}": str(value) for name, value in settings.items()}


def seenit(
    *arguments: object, cwd: Path, exit_code: int = 0, **settings: object
) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end, which must be `exit_code`."""
    done = subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == exit_code, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@contextmanager
def log_as_it_was() -> Iterator[None]:
    """Undo what a verb makes of the log of its process."""
    loggers = [logging.getLogger(name) for name in ("", "aiokafka", *ROOMS)]
    levels = [logger.level for logger in loggers]
    handlers = [*logging.root.handlers]
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def verb(*arguments: object, cwd: Path = Path(), exit_code: int = 0, **settings: object) -> Result:
    """Run a verb as `seenit` does, but in this process: starting one takes longer than most do."""
    own = {name: None for name in os.environ if name.startswith("SEENIT_")}
    given = {f"SEENIT_{name.upper()}": str(value) for name, value in settings.items()}
    with chdir(cwd), log_as_it_was():
        done = CliRunner().invoke(app, [str(each) for each in arguments], env=own | given)
    assert done.exit_code == exit_code, (done.stdout, done.stderr, done.exception)
    return done


def eventually(holds: Callable[[], T], within: float = PATIENCE_S) -> T:
    """Ask again until the answer is true, and return it."""
    deadline = time.monotonic() + within
    while not (answer := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert answer, "it did not come to hold"
    return answer


def eventually_nothing(wrong: Callable[[], list[str]], within: float = PATIENCE_S) -> None:
    """Ask again until nothing is wrong."""
    deadline = time.monotonic() + within
    while (found := wrong()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not found, found


def heard(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """Ask again as long as one is told to come back, as a part of a busy machine answers late."""
    deadline = time.monotonic() + PATIENCE_S
    while (reply := ask()).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.5)
    return reply


def metric(page: str, name: str, **labels: str) -> float:
    """Sum what a page of metrics says of a name, over all labels but these."""
    return sum(
        sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


class Running:
    """A `seenit up` or `seenit serve` under way."""

    anywhere: tuple[object, ...] = ("--port", 0)

    def __init__(self, *arguments: object, cwd: Path, **settings: object) -> None:
        self.process = subprocess.Popen(
            command(*arguments, *self.anywhere),
            cwd=cwd,
            env=environment(**settings),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.log: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.log))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream, lines: list[str]) -> None:
        lines.extend(line.rstrip("\n") for line in stream)

    def line(self, pattern: str) -> re.Match[str]:
        """Wait for a line on stdout."""

        def found() -> re.Match[str] | bool | None:
            matches = (re.match(pattern, line) for line in list(self.lines))
            match = next((match for match in matches if match), None)
            return match or self.process.poll() is not None

        match = eventually(found, PATIENCE_S)
        assert isinstance(match, re.Match), (self.process.returncode, self.lines, self.log)
        return match

    def address(self) -> str:
        return self.line(r"Seenit is at (http://\S+)")[1]

    def ready(self) -> dict[str, int]:
        """Wait until what was there at the start is done; returns the counts it prints."""
        told = self.line(r"Ready: (.*)")[1]
        return {
            name: int(count.replace(",", ""))
            for count, name in re.findall(r"(\d[\d,]*) (\w+)", told)
        }

    def get(self, path: str, **query: object) -> httpx.Response:
        return httpx.get(self.address() + path, params=query, timeout=PATIENCE_S)

    def metric(self, name: str, **labels: str) -> float:
        return metric(self.get("/metrics").text, name, **labels)

    def kill(self) -> None:
        """Kill it like the system does when memory is short, and see its children end."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self._ended()
        _, left = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert not left, f"processes left behind: {left}"

    def stop(self, number: int = signal.SIGTERM, within: float = PATIENCE_S) -> int:
        """Ask it to end; returns its exit code."""
        self.process.send_signal(number)
        return self._ended(within)

    def _ended(self, within: float = PATIENCE_S) -> int:
        code = self.process.wait(within)
        for reader in self._readers:
            reader.join(PATIENCE_S)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        return code

    def end(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self.process.poll() is None:
            self.process.kill()
            self._ended()


class Worker(Running):
    """A `seenit worker` under way."""

    anywhere = ()  # it has a setting for that

    def __init__(self, cwd: Path, **settings: object) -> None:
        super().__init__("worker", cwd=cwd, **{"worker_port": 0, **settings})

    def address(self) -> str:
        return self.line(r"Working on .* (http://\S+)")[1]
