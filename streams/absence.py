"""Noticing that the store was away. What changed around that, it may have told nobody of.

MinIO that is killed forgets what it was about to tell, and at its start it answers before it knows
whom to tell, unless `MINIO_SYNC_BOOT` is on.
"""

import asyncio
from collections.abc import Awaitable, Callable

ASK_S = 1.0
STEADY_S = 10.0  # a store that just started has other things to do, and may go away again


async def back_again(
    answers: Callable[[], Awaitable[bool]], *, ask_s: float = ASK_S, steady_s: float = STEADY_S
) -> None:
    """Return once the store has been away and then has answered steadily.

    Args:
        answers: asks the store whether it is there.
        ask_s: seconds between two questions; what is away for less goes unnoticed.
        steady_s: for how long it must have answered every question.
    """
    while await answers():  # noqa: ASYNC110 - a store that goes away tells nobody
        await asyncio.sleep(ask_s)
    steady = 0.0
    while steady < steady_s:
        await asyncio.sleep(ask_s)
        steady = steady + ask_s if await answers() else 0.0
