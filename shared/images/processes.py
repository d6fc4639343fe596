"""One decoding process and the line to it; replaced when it ends."""

import json
import logging
import os
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

from shared.errors import Reason, Rejected, TransientError
from shared.images.limits import Limits

log = logging.getLogger(__name__)

START_S = 60.0
MOST_HEADER, MOST_BODY = 2**16, 2**26
_ROOT = Path(__file__).parents[2]
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
"""For glibc, which else gives the memory of a picture back and takes it page by page for the next:
a fifth of the time of a photograph."""

Answer = tuple[dict[str, Any], bytes] | Rejected | TransientError


class Worker:
    """Decodes with one process at a time, starting another where one has ended. For one thread."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: _Process | None = None

    def start(self) -> TransientError | None:
        """Have a process ready; tells why there is none."""
        if self._process is None:
            try:
                self._process = _Process.start(self._limits)
            except (OSError, EOFError) as error:
                log.error("a decoding process does not start: %s", error)  # noqa: TRY400 - no bug
                return TransientError("decoder", f"it does not start: {error}")
        return None

    def ask(self, header: bytes, data: bytes) -> Answer:
        """Have one picture decoded. One that kills two processes is the culprit; one may be chance.

        What ends a process from outside (an operator, the system when memory is short) shall not
        count against the picture.
        """
        for _ in range(2):
            if trouble := self.start():
                return trouble
            assert self._process is not None
            try:
                return self._process.ask(header, data)
            except TimeoutError:
                self.stop()
                seconds = f"{self._limits.timeout_s:g} s"
                return Rejected(Reason.DECODER_TIMEOUT, f"decoding took over {seconds}")
            except (EOFError, OSError, ValueError, KeyError):
                self.stop()
                log.warning("a decoding process ended and is replaced")
        return Rejected(Reason.DECODER_CRASHED, "the decoder crashed on these bytes")

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.stop()
            self._process = None


class _Process:
    def __init__(self, process: subprocess.Popen[bytes], line: Connection, limits: Limits) -> None:
        self._process = process
        self._line = line
        self._limits = limits

    @classmethod
    def start(cls, limits: Limits) -> Self:
        """Start a process and wait until it is ready, so that no picture pays for that."""
        ours, theirs = socket.socketpair()
        line = Connection(ours.detach())
        with theirs:
            arguments = [str(theirs.fileno()), str(limits.memory), str(limits.timeout_s)]
            try:
                process = subprocess.Popen(  # noqa: S603 - our own module, no outside words
                    [sys.executable, "-m", "shared.images.child", *arguments],
                    env=os.environ | _KEEP_MEMORY,
                    cwd=_ROOT,  # `-m` looks there first: never among somebody's files
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # decoders write their warnings there
                    start_new_session=True,  # Ctrl-C is the parent's; it then closes the line
                )
            except OSError:
                line.close()
                raise
        started = cls(process, line, limits)
        try:
            if not line.poll(START_S):
                raise TimeoutError("it is not ready in time")
            line.recv_bytes(MOST_HEADER)
        except (OSError, EOFError):
            started.stop()
            raise
        return started

    def ask(self, header: bytes, data: bytes) -> Answer:
        self._line.send_bytes(header)
        self._line.send_bytes(data)
        if not self._line.poll(self._limits.timeout_s):
            raise TimeoutError
        reply = json.loads(self._line.recv_bytes(MOST_HEADER))
        body = self._line.recv_bytes(MOST_BODY)
        if "reason" in reply:
            return Rejected(Reason(reply["reason"]), reply["detail"])
        return reply, body

    def stop(self) -> None:
        self._line.close()
        self._process.kill()
        self._process.wait()
