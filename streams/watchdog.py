"""Ends a process that hangs; from a thread, as nothing else could."""

import faulthandler
import logging
import os
import sys
import threading
from types import TracebackType
from typing import Self

log = logging.getLogger(__name__)

FAILED = 1


class Watchdog:
    """Counts the seconds since it was last told that all is well.

    It counts its own, not the clock's, so a process that was halted and goes on is not ended. It
    watches to the end of the process, or until the block that it is entered for is left.
    """

    def __init__(self, patience_s: float, wrong: str = "the event loop has not turned") -> None:
        self._patience_s = patience_s
        self._wrong = wrong
        self._silent_s = 0
        self._over = threading.Event()

    def watch(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def __enter__(self) -> Self:
        """Begin to watch."""
        self.watch()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Watch no more."""
        self._over.set()

    def all_is_well(self) -> None:
        """Begin to count anew."""
        self._silent_s = 0

    def _watch(self) -> None:
        while self._silent_s <= self._patience_s:
            if self._over.wait(1):
                return
            self._silent_s += 1
        log.critical("%s for %d s; ending the process", self._wrong, self._silent_s)
        faulthandler.dump_traceback(sys.__stderr__ or 2)
        os._exit(FAILED)
