"""What a service of the stack is: something that can be started in a folder and told apart."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol


class CannotRun(Exception):  # noqa: N818 - names why a service is skipped, not a fault of the code
    """This service cannot be had on this machine; the message says why."""


@dataclass(frozen=True)
class Running:
    """A started service.

    Attributes:
        process: leads its own process group, which holds all that the service starts.
        settings: the `SEENIT_*` settings that lead to it.
    """

    process: subprocess.Popen[bytes]
    settings: Mapping[str, str] = field(default_factory=dict)

    def stop(self, patience_s: float = 20.0) -> None:
        """End the service and all its processes, by force where asking does not help."""
        stop_group(self.process.pid, patience_s, lambda: self.process.poll() is not None)
        self.process.wait()


class Service(Protocol):
    """One module of this package each; all are named in `stack/registry.py`."""

    name: str

    def start(self, data: Path, log: IO[bytes], *, bound: bool) -> Running:
        """Start in the folder `data` and return when it is ready.

        Args:
            data: kept between starts; the service may write nowhere else.
            log: takes what the service prints.
            bound: end with the process that called, even if that is killed.

        Raises:
            CannotRun: a part is missing, or the service does not get ready.
        """


def launch(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: IO[bytes],
    bound: bool,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a process group of its own, out of reach of the terminal's Ctrl-C."""
    guard = ["setpriv", "--pdeathsig", "KILL", "--"] if bound and shutil.which("setpriv") else []
    return subprocess.Popen(  # noqa: S603 - the services' own commands, no shell
        [*guard, *command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def wait_until_ready(running: Running, ready: Callable[[], bool], within_s: float) -> Running:
    """Return the service once `ready`, or stop it.

    Raises:
        CannotRun: it ended by itself or took too long.
    """
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if running.process.poll() is not None:
            raise CannotRun(f"it ended with status {running.process.returncode}; see its log")
        if ready():
            return running
        time.sleep(0.1)
    running.stop()
    raise CannotRun(f"it was not ready within {within_s:.0f} seconds; see its log")


def stop_group(pid: int, patience_s: float, gone: Callable[[], bool]) -> None:
    """End the process group that `pid` leads: ask, wait, then kill."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline and not gone():
            time.sleep(0.05)


def answers(url: str, expected: bytes = b"") -> bool:
    """Tell whether an HTTP address answers, with `expected` somewhere in its body."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:  # noqa: S310 - our own http address
            return expected in reply.read()
    except OSError:
        return False


def free_ports(count: int) -> list[int]:
    """Find ports that are free now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [s.getsockname()[1] for s in sockets]
    finally:
        for s in sockets:
            s.close()
