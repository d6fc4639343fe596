"""Workers as processes of their own, to be stopped, halted and killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import psutil

from stack.service import free_ports
from tests.faults.plans import Plan
from tests.system.running import PATIENCE_S, environment, eventually, metric

ROOT = Path(__file__).parents[2]
CRASHING = Path(__file__).parent / "crashing"


class Process:
    """One process of the product, or of the harness around it; writes to a log of its own."""

    def __init__(
        self, command: Sequence[str], settings: Mapping[str, object], log: Path, **more: str
    ) -> None:
        path = os.pathsep.join([str(CRASHING), str(ROOT)])
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=log.parent,
                env=environment(**settings) | {"PYTHONPATH": path} | more,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def told(self) -> str:
        return self.log.read_text(errors="replace")

    def kill(self) -> None:
        """End it as the system does when memory is short, and see its children end."""
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        self.process.wait()
        _, left = psutil.wait_procs(children, timeout=PATIENCE_S)
        assert not left, f"processes left behind: {left}"

    def halt(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self, within: float = PATIENCE_S) -> tuple[int, float]:
        """Ask it to end; returns its exit code and how many seconds it took."""
        began = time.monotonic()
        self.process.terminate()
        return self.process.wait(within), time.monotonic() - began

    def wait(self, within: float = PATIENCE_S) -> int:
        return self.process.wait(within)

    def end(self) -> None:
        """Leave nothing behind, whatever state it is in."""
        if self.running:
            self.kill()

    def memory(self) -> int:
        """Tell the resident bytes of the process and its children."""
        own = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in [own, *own.children(recursive=True)])


class Listening(Process):
    """A process with a port of its own."""

    def __init__(self, command, settings, log, *, port_setting: str, **more: str) -> None:
        (self.port,) = free_ports(1)
        super().__init__(command, {**settings, port_setting: self.port}, log, **more)

    def get(self, path: str, timeout: float = PATIENCE_S) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=timeout)

    def status(self, path: str) -> int:
        """Tell the HTTP status; 0 where nobody answers."""
        try:
            return self.get(path, timeout=10).status_code
        except httpx.HTTPError:
            return 0

    def is_up(self, path: str = "/livez") -> None:
        """Wait until it answers."""

        def answered() -> bool:
            assert self.running, (self.process.returncode, self.told())
            return self.status(path) == 200

        eventually(answered)

    def partitions(self) -> int:
        """Tell how many partitions a worker has."""
        return len(self.get("/status").json()["partitions"])

    def metric(self, name: str, **labels: str) -> float:
        return metric(self.get("/metrics").text, name, **labels)


def worker_with(plan: Plan, settings: Mapping[str, object], log: Path, **more: str) -> Listening:
    """Start a worker around parts that `plan` interferes with."""
    command = ["tests.faults.worker_with", plan.dump()]
    return Listening(command, settings, log, port_setting="worker_port", **more)


def worker(settings: Mapping[str, object], log: Path, **more: str) -> Listening:
    """Start the product's own worker."""
    return Listening(["seenit", "worker"], settings, log, port_setting="worker_port", **more)


def search_api(settings: Mapping[str, object], log: Path) -> Listening:
    """Start the product's own search."""
    return Listening(["seenit", "serve"], settings, log, port_setting="port")
