"""Questions that several searches ask at the same time, put in one call."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Generic, NamedTuple, TypeVar

from shared.errors import TransientError

K = TypeVar("K", bound=Hashable)
Q = TypeVar("Q")
A = TypeVar("A")

CALLS = 2
"""Under way side by side: while one is answered the next is on its way."""

MOST = 32
"""Questions in one call."""


class _Waiting(NamedTuple, Generic[K, Q, A]):
    kind: K
    question: Q
    answer: asyncio.Future[A]


class Coalescer(Generic[K, Q, A]):
    """Puts questions of one kind together, as a call costs more than a question more in it.

    No timer holds a question back. It goes at once where fewer than CALLS are under way; those that
    come meanwhile go together as soon as one of these is done. For one event loop.

    Args:
        ask: answers questions of one kind in their order, or gives up by itself.
        part: which part of the system that asks.
        wait_s: how long a question waits behind others: so much as a call takes at the most, lest
            one that hangs be waited for twice.
    """

    def __init__(
        self,
        ask: Callable[[K, Sequence[Q]], Awaitable[Sequence[A]]],
        part: str,
        wait_s: float,
    ) -> None:
        self._ask = ask
        self._part = part
        self._wait_s = wait_s
        self._free = CALLS
        self._waiting: deque[_Waiting[K, Q, A]] = deque()
        self._calls: set[asyncio.Task[None]] = set()

    async def ask(self, kind: K, question: Q) -> A:
        """Have a question answered. Cancelling is safe; the others are answered all the same.

        Raises:
            TransientError: it waited too long.
            Exception: whatever the call raised in which it was.
        """
        if not self._free:
            return await self._queued(kind, question)
        self._free -= 1
        try:
            (answered,) = await self._ask(kind, [question])
        finally:
            self._go_on()
        return answered

    async def _queued(self, kind: K, question: Q) -> A:
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(kind, question, answer))
        try:
            async with asyncio.timeout(self._wait_s):
                return await answer
        except TimeoutError:
            raise TransientError(self._part, f"no answer within {self._wait_s:g} s") from None

    def _go_on(self) -> None:
        """Give the place of a call that is done to those that wait longest, and their like."""
        together = self._taken()
        if together:
            call = asyncio.create_task(self._answer(together))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        else:
            self._free += 1

    def _taken(self) -> list[_Waiting[K, Q, A]]:
        together: list[_Waiting[K, Q, A]] = []
        others: deque[_Waiting[K, Q, A]] = deque()
        for one in self._waiting:
            if one.answer.done():
                continue  # who asked has left
            alike = not together or one.kind == together[0].kind
            (together if alike and len(together) < MOST else others).append(one)
        self._waiting = others
        return together

    async def _answer(self, together: Sequence[_Waiting[K, Q, A]]) -> None:
        try:
            answers = await self._ask(together[0].kind, [one.question for one in together])
        except Exception as error:  # noqa: BLE001 - not ours to judge: it goes to who waits
            for one in together:
                if not one.answer.done():
                    one.answer.set_exception(error)
        else:
            for one, answer in zip(together, answers, strict=True):
                if not one.answer.done():
                    one.answer.set_result(answer)
        finally:
            self._go_on()
