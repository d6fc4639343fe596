"""A loop that no longer turns ends the process; one that was left ends nothing."""

import subprocess
import sys
import threading
import time

from streams.watchdog import FAILED, Watchdog

SILENT = """
import time
from streams.watchdog import Watchdog
with Watchdog(1):
    time.sleep(60)
"""


def watching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "watchdog"]


def test_silence_ends_the_process_and_says_so():
    done = subprocess.run(
        [sys.executable, "-c", SILENT], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == FAILED
    assert "has not turned" in done.stderr


ENDLESS = """
import threading
from streams.watchdog import Watchdog
threading.Thread(target=threading.Event().wait).start()
Watchdog(1, "it is still there").watch()
"""


def test_a_process_that_is_to_end_is_ended_whatever_thread_keeps_it():
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS], capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == FAILED
    assert "it is still there for" in done.stderr


def test_a_word_now_and_then_keeps_it_quiet():
    with Watchdog(2) as watchdog:
        for _ in range(10):
            time.sleep(0.4)
            watchdog.all_is_well()


def test_it_watches_no_longer_than_it_was_asked_to():
    before = watching()
    with Watchdog(60):
        (thread,) = set(watching()) - set(before)
    thread.join(30)
    assert not thread.is_alive()
