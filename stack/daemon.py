"""A service's process: started, stopped, killed, paused, and brought back at the same place."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from stack.service import CannotRun, Command, Service

# Ends the whole group once the pipe to the process that started it is closed, even by `kill -9`.
_BOUND = ("sh", "-c", 'exec 3<&0; (read _; kill -KILL 0) <&3 & exec "$@" 3<&- </dev/null', "sh")


class Daemon:
    """One service and the process that runs it.

    Every method may be called from any thread, though not from two at once.

    Args:
        service: what to run.
        folder: holds its data and its log, from one start to the next.
        bound: end with this process, even if that is killed.
    """

    def __init__(self, service: Service, folder: Path, *, bound: bool) -> None:
        self.service = service
        self.log = folder / f"{service.name}.log"
        self._data = folder / service.name
        self._bound = bound
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Mapping[str, str]:
        """The `SEENIT_*` settings that lead to the service."""
        return self.service.settings

    @property
    def pid(self) -> int | None:
        """The process, which leads a group of its own; None where none runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Start and return when it is ready; where it runs, let it go on.

        Raises:
            CannotRun: a part is missing, or the service does not get ready.
        """
        if self.pid is not None:
            self.resume()
            return
        self._release()
        self._data.mkdir(parents=True, exist_ok=True)
        self._process = self._launch(self.service.prepare(self._data))
        self._wait_until_ready()

    def stop(self, patience_s: float = 20.0) -> None:
        """End the service and all its processes, by force where asking does not help."""
        if self._process is not None:
            stop_group(self._process.pid, patience_s, lambda: self.pid is None)
            self._release()

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        if (pid := self.pid) is not None:
            os.killpg(pid, signal.SIGKILL)
        self._release()

    def restart(self) -> None:
        """Kill it where it runs, then start it at the same place with the same data."""
        self.kill()
        self.start()

    def pause(self) -> None:
        """Let it hang, as SIGSTOP does: connections stay open and are not answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on after `pause`."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if (pid := self.pid) is None:
            raise ProcessLookupError(f"{self.service.name} does not run")
        os.kill(pid, number)  # the one process: who guards it must not stop with it

    def _launch(self, command: Command) -> subprocess.Popen[bytes]:
        """Start a process group of its own, out of reach of the terminal's Ctrl-C."""
        with self.log.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - the services' own commands, no shell
                [*(_BOUND if self._bound else ()), *command.arguments],
                cwd=self._data,
                env={**os.environ, **command.environment},
                stdin=subprocess.PIPE if self._bound else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        process, patience_s = self._process, self.service.patience_s
        assert process is not None
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if self.service.ready():
                return
            if process.poll() is not None:
                self._release()
                raise CannotRun(f"it ended with status {process.returncode}{self._last_words()}")
            time.sleep(0.1)
        self.stop()
        raise CannotRun(f"it was not ready within {patience_s:.0f} seconds{self._last_words()}")

    def _last_words(self) -> str:
        return f"; {self.log} ends:\n{self.log.read_text(errors='replace')[-1500:]}"

    def _release(self) -> None:
        """Reap the process that has ended, and close the pipe to it."""
        if self._process is not None:
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None


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
