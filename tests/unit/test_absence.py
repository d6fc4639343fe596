"""When it is noticed that the store was away."""

import asyncio
from collections.abc import Iterable

import pytest

from streams.absence import back_again


async def told_at(answers: Iterable[bool], *, steady_s: float) -> int | None:
    """Tell with which answer the store counts as back; None if with none of them."""
    left = iter(answers)
    given = 0

    async def answer() -> bool:
        nonlocal given
        try:
            told = next(left)
        except StopIteration:
            await asyncio.get_running_loop().create_future()  # it hangs
        given += 1
        return told

    waiting = asyncio.create_task(back_again(answer, ask_s=0.001, steady_s=steady_s))
    await asyncio.wait({waiting}, timeout=0.5)
    over = waiting.done()
    waiting.cancel()
    return given if over else None


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([True] * 50, None),
        ([False] * 50, None),
        ([True, False, True, True, True], 5),
        ([False, True, True, True, True], 4),
        ([True, False, True, True, False, True, True, True], 8),
        ([False, True, False, True, False, True, False], None),
    ],
    ids=["never away", "not back", "away", "away at first", "away twice", "comes and goes"],
)
async def test_a_store_is_back_once_it_was_away_and_has_answered_steadily(answers, told):
    assert await told_at(answers, steady_s=0.003) == told
