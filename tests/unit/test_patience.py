"""What is waited out, and what is not."""

import pytest
import stamina

from shared.errors import ConfigurationError, ImageUnclaimed, TransientError
from streams.patience import patiently


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
