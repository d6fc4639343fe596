"""Ends a process whose event loop no longer turns; from a thread, as nothing else could."""

import faulthandler
import logging
import os
import sys
import threading
import time

log = logging.getLogger(__name__)

FAILED = 1


class Watchdog:
    """Counts the seconds since it was last told that all is well.

    It counts its own, not the clock's, so a process that was halted and goes on is not ended.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._silent_s = 0

    def start(self) -> None:
        """Watch for as long as the process lives."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def all_is_well(self) -> None:
        """Begin to count anew."""
        self._silent_s = 0

    def _watch(self) -> None:
        while self._silent_s <= self._patience_s:
            time.sleep(1)
            self._silent_s += 1
        log.critical("the event loop has not turned for %d s; ending the process", self._silent_s)
        faulthandler.dump_traceback(sys.__stderr__ or 2)
        os._exit(FAILED)
