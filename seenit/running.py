"""Runs a verb's coroutine to its end, on the fastest loop there is."""

import asyncio
import gc
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

from seenit.console import out

T = TypeVar("T")

ALLOCATIONS = 10_000
"""Python looks for garbage in rings after so many. 700, its default, took an eighth of the event
loop's time with 16 searches under way, and hardly any is made."""


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run until done; Ctrl-C cancels it and lets it finish what it must."""
    if sys.platform == "win32":
        return asyncio.run(main)
    import uvloop  # noqa: PLC0415 - not to be had on Windows

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def at_work(line: str) -> None:
    """Tell that all is open now and work begins.

    What was made up to now stays: from now on Python's collector looks only at what is new, and
    seldom.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS)
    out.print(line, soft_wrap=True)
