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

    Rows are marked first, then vectors deleted, then rows dropped. An interruption leaves marks,
    which the next collection takes up; the same bytes coming back meanwhile wait for the end of it.
    """
    collected = 0
    while True:
        unused_since = datetime.now(UTC) - grace
        image_ids = await patiently(catalog.begin_collecting, unused_since, BATCH)
        if not image_ids:
            return collected
        await patiently(asyncio.to_thread, index.delete, image_ids)
        await patiently(catalog.end_collecting, image_ids)
        collected += len(image_ids)


async def keep_collecting(catalog: Catalog, index: VectorIndex, grace: timedelta) -> None:
    """Collect now and then, for ever."""
    while True:
        if collected := await collect(catalog, index, grace):
            log.info("collected %d vectors that no object uses", collected)
        await asyncio.sleep(min(MAX_PAUSE_S, max(1.0, grace.total_seconds() / 2)))
