"""Long listings, read from one end to the other with a page of them in memory."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import islice
from typing import TypeVar

from shared.errors import Reason
from shared.records import ObjectState, StoredObject

T = TypeVar("T")

PAGE = 1000


async def in_threads(items: Iterator[T]) -> AsyncIterator[T]:
    """Read on where each step blocks, as in a store's or an index's own listing."""
    while page := await asyncio.to_thread(lambda: list(islice(items, PAGE))):
        for item in page:
            yield item


async def recorded(
    ask: Callable[..., Awaitable[list[StoredObject]]],
    *,
    bucket: str | None = None,
    prefix: str = "",
    state: ObjectState | None = None,
    reason: Reason | None = None,
) -> AsyncIterator[StoredObject]:
    """Read the catalog's rows of these objects; `ask` is its `page`, or a patient one."""
    after = None
    while page := await ask(
        bucket=bucket, prefix=prefix, state=state, reason=reason, after=after, limit=PAGE
    ):
        for row in page:
            yield row
        after = page[-1].stat.ref
