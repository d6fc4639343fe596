"""What is waited out, and what is not."""

import asyncio

import pytest
import stamina

from shared.errors import ConfigurationError, ImageUnclaimed, TransientError
from streams.patience import patiently, waits


@pytest.fixture(autouse=True)
def _retries_do_not_wait():
    with stamina.set_testing(True, attempts=1000):
        yield


async def calls_until(fault: Exception, times: int) -> int:
    """How often a call that fails so many times is made."""
    made = 0

    async def call() -> int:
        nonlocal made
        made += 1
        if made <= times:
            raise fault
        return made

    try:
        await patiently(call)
    except type(fault):
        pass
    return made


async def test_trouble_of_a_part_is_waited_out_however_long():
    assert await calls_until(TransientError("store", "not now"), 500) == 501


@pytest.mark.parametrize(
    "fault", [ImageUnclaimed(), ConfigurationError("X", "is wrong"), OSError()]
)
async def test_what_no_waiting_mends_is_raised_at_once(fault):
    assert await calls_until(fault, 1) == 1


async def test_what_is_waited_for_is_known_until_it_answers():
    seen = []

    async def call() -> None:
        seen.append(waits.parts)
        if len(seen) < 3:
            raise TransientError("index", "not now")

    await patiently(call)
    assert seen == [[], ["index"], ["index"]]
    assert waits.parts == []


async def test_a_part_is_waited_for_as_long_as_any_call_does():
    with waits.call() as one, waits.call() as other:
        one("store")
        one("store")
        other("store")
        other("catalog")
        assert waits.parts == ["catalog", "store"]
    with waits.call() as one:
        with waits.call() as other:
            one("store")
            other("store")
        assert waits.parts == ["store"]


async def test_a_call_given_up_is_not_waited_for():
    async def call() -> None:
        waiting.set()
        raise TransientError("store", "not now")

    waiting = asyncio.Event()
    with stamina.set_testing(False):
        task = asyncio.create_task(patiently(call))
        await waiting.wait()
        await asyncio.sleep(0)
        assert waits.parts == ["store"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert waits.parts == []
