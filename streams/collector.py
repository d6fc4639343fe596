"""Deletes vectors that no object uses any more, after a grace period."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from shared.protocols import Catalog, VectorIndex
from streams.patience import patiently

log = logging.getLogger(__name__)

BATCH = 500
MAX_PAUSE_S = 600.0


async def collect(catalog: Catalog, index: VectorIndex, grace: timedelta) -> int:
    """Collect until nothing is left to; returns how many vectors went.

    An interruption leaves marks, which the next collection takes up; the same bytes coming back
    meanwhile wait for the end of it.
    """

    async def delete(image_ids: list[str]) -> None:
        await asyncio.to_thread(index.delete, image_ids)

    collected = 0
    while gone := await patiently(catalog.collect, datetime.now(UTC) - grace, BATCH, delete):
        collected += gone
    return collected


async def keep_collecting(catalog: Catalog, index: VectorIndex, grace: timedelta) -> None:
    """Collect now and then, for ever."""
    while True:
        if collected := await collect(catalog, index, grace):
            log.info("collected %d vectors that no object uses", collected)
        await asyncio.sleep(min(MAX_PAUSE_S, max(1.0, grace.total_seconds() / 2)))
