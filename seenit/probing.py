"""Asks a part and takes no answer for one, too."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from shared.errors import SeenitError


@dataclass(frozen=True, slots=True)
class Answer:
    """What a part said, or why it said nothing; exactly one of the two."""

    told: Any = None
    problem: str = ""


class Probe:
    """One question, asked again and again; a slow answer is waited for, not asked for twice."""

    def __init__(self, ask: Callable[[], Awaitable[Any]]) -> None:
        self._ask = ask
        self._asking: asyncio.Future[Any] | None = None

    async def answer(self, patience_s: float) -> Answer:
        """Ask, or go on waiting, for so long."""
        asking = self._asking or asyncio.ensure_future(self._ask())
        self._asking = asking
        await asyncio.wait({asking}, timeout=patience_s)
        if not asking.done():
            return Answer(problem=f"no answer within {patience_s:.0f} s")
        self._asking = None
        try:
            return Answer(asking.result())
        except httpx.HTTPStatusError as error:
            return Answer(problem=f"answers {error.response.status_code}")
        except httpx.HTTPError:
            return Answer(problem="not answering")
        except (SeenitError, OSError) as error:
            return Answer(problem=str(error) or type(error).__name__)

    def forget(self) -> None:
        """Stop waiting."""
        if self._asking is not None:
            self._asking.cancel()
