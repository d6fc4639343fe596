"""One decoding process and the line to it; replaced when it ends."""

import asyncio
import json
import logging
import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.errors import Reason, Rejected, TransientError
from shared.images.limits import Limits
from shared.images.line import Line

log = logging.getLogger(__name__)

START_S = 60.0
_ROOT = Path(__file__).parents[2]
_KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
"""For glibc, which else gives the memory of a picture back and takes it page by page for the next:
a fifth of the time of a photograph."""

Answer = tuple[dict[str, Any], bytearray] | Rejected | TransientError


class Worker:
    """Decodes with one process at a time, starting another where one has ended.

    Asked by one task at a time.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._process: _Process | None = None
        with suppress(OSError):  # should it not start, whoever asks first is told
            self._process = _Process(limits)

    async def ask(self, header: bytes, data: bytes) -> Answer:
        """Have one picture decoded. One that kills two processes is the culprit; one may be chance.

        What ends a process from outside (an operator, the system when memory is short) shall not
        count against the picture.
        """
        for _ in range(2):
            try:
                process = await self._started()
            except (OSError, EOFError) as error:
                log.error("a decoding process does not start: %s", error)  # noqa: TRY400 - no bug
                return TransientError("decoder", f"it does not start: {error}")
            try:
                return await process.ask(header, data)
            except TimeoutError:
                await self._end(process)
                seconds = f"{self._limits.timeout_s:g} s"
                return Rejected(Reason.DECODER_TIMEOUT, f"decoding took over {seconds}")
            except (EOFError, OSError, ValueError, KeyError):
                await self._end(process)
                log.warning("a decoding process ended and is replaced")
            except asyncio.CancelledError:
                self.stop()  # nobody will ever read its answer
                raise
        return Rejected(Reason.DECODER_CRASHED, "the decoder crashed on these bytes")

    def stop(self) -> None:
        """End the process, and wait for that."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def _end(self, process: "_Process") -> None:
        """As `stop`, but wait in a thread: the system may have much memory to take back."""
        self._process = None
        process.kill()
        await asyncio.to_thread(process.wait)

    async def _started(self) -> "_Process":
        """Have a process ready, so that no picture pays for its start."""
        process = self._process = self._process or _Process(self._limits)
        try:
            await process.ready()
        except BaseException:
            self.stop()
            raise
        return process


class _Process:
    """Begins to start at once.

    Raises:
        OSError: there is no process to be had.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._is_ready = False
        ours, theirs = socket.socketpair()
        self._line = Line(ours)
        with theirs:
            arguments = [str(theirs.fileno()), str(limits.memory), str(limits.timeout_s)]
            try:
                self._process = subprocess.Popen(  # noqa: S603 - our own module, no outside words
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
                self._line.close()
                raise

    async def ready(self) -> None:
        """Wait until it says so.

        Raises:
            OSError, EOFError: it does not, or not in time.
        """
        if not self._is_ready:
            async with asyncio.timeout(START_S):
                await self._line.receive()
            self._is_ready = True

    async def ask(self, header: bytes, data: bytes) -> Answer:
        """Have one picture decoded.

        Time that is up ends the process rather than the wait: an answer that was there by then
        still counts, as this process itself may have stood still (SIGSTOP, a machine that sleeps).

        Raises:
            TimeoutError: it took too long.
            EOFError, OSError, ValueError, KeyError: it ended, or speaks nonsense.
        """
        loop = asyncio.get_running_loop()
        due, sent = loop.time() + self._limits.timeout_s, False
        alarm = loop.call_at(due, self._process.kill)
        try:
            await self._line.send(header, data)
            sent = True
            head, body = await self._line.receive()
        except (EOFError, OSError):
            if sent and loop.time() >= due:
                raise TimeoutError from None
            raise
        finally:
            alarm.cancel()
        reply = json.loads(head)
        if "reason" in reply:
            return Rejected(Reason(reply["reason"]), reply["detail"])
        return reply, body

    def kill(self) -> None:
        """Have it end; `wait` returns once it has."""
        self._line.close()
        self._process.kill()

    def wait(self) -> None:
        """Wait for its end. Blocks."""
        self._process.wait()
