"""Whether the parts that a process stands on answer now."""

import asyncio
from collections.abc import Awaitable

from shared.errors import TransientError
from shared.protocols import CatalogReader, ObjectStore, VectorIndex

PATIENCE_S = 2.0
NO_IMAGE = "0" * 64


async def not_answering(
    store: ObjectStore, catalog: CatalogReader, index: VectorIndex
) -> list[str]:
    """Name the parts that do not answer a small question within PATIENCE_S."""
    checks: dict[str, Awaitable[object]] = {
        "catalog": catalog.known_images([NO_IMAGE]),
        "index": asyncio.to_thread(index.get, [NO_IMAGE]),
        "store": asyncio.to_thread(store.buckets),
    }
    answers = await asyncio.gather(*map(_answers, checks.values()))
    return [name for name, answer in zip(checks, answers, strict=True) if not answer]


async def _answers(check: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await check
    except (TransientError, TimeoutError):
        return False
    return True
