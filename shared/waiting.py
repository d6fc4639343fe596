"""Waiting for parts at the start, as when all of them are started at the same time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.errors import TransientError

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 5.0


async def when_it_answers(attempt: Callable[[], Awaitable[T]]) -> T:
    """Open something; while a part of it does not answer, say so once and try again.

    Raises only what no waiting mends, such as `ConfigurationError`.
    """
    missing: str | None = None
    pause = FIRST_PAUSE_S
    while True:
        try:
            opened = await attempt()
        except TransientError as error:
            if error.part != missing:
                log.warning("waiting for the %s, which does not answer: %s", error.part, error)
                missing, pause = error.part, FIRST_PAUSE_S
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        else:
            if missing is not None:
                log.info("the %s answers", missing)
            return opened
