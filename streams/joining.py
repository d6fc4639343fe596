"""Two streams in the same order, walked beside one another: a merge join. No I/O."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

L = TypeVar("L")
R = TypeVar("R")
K = TypeVar("K", str, bytes)


async def side_by_side(
    left: AsyncIterator[L],
    right: AsyncIterator[R],
    left_key: Callable[[L], K],
    right_key: Callable[[R], K],
) -> AsyncIterator[tuple[L, R] | tuple[L, None] | tuple[None, R]]:
    """Pair what has the same key; what only one side has comes with None. Holds one of each side.

    Args:
        left: in the order of its keys, each once.
        right: likewise.
        left_key: tells the key of one on the left.
        right_key: tells the key of one on the right.
    """
    one, other = await anext(left, None), await anext(right, None)
    while one is not None and other is not None:
        key, other_key = left_key(one), right_key(other)
        if key < other_key:
            yield one, None
            one = await anext(left, None)
        elif other_key < key:
            yield None, other
            other = await anext(right, None)
        else:
            yield one, other
            one, other = await anext(left, None), await anext(right, None)
    while one is not None:
        yield one, None
        one = await anext(left, None)
    while other is not None:
        yield None, other
        other = await anext(right, None)
