"""Which share of images passes a filter: a sample tells, and is believed for a while."""

import time
from collections.abc import Callable
from typing import NamedTuple

from search_api.caches import BoundedCache
from shared.protocols import CatalogReader
from shared.records import ObjectFilter, Shares

BELIEVED_S = 60.0
"""How long; a share decides by which way hits are looked for, never which are found."""

REMEMBERED = 1000
"""Filters, about a kilobyte each."""


class _Sample(NamedTuple):
    shares: Shares
    stale_at: float


class Samples:
    """Tells shares; whoever pages, or asks with the same filter again, costs no new sample.

    Args:
        catalog: is sampled.
        clock: seconds that only go on.
    """

    def __init__(self, catalog: CatalogReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._catalog = catalog
        self._clock = clock
        self._taken: BoundedCache[ObjectFilter, _Sample] = BoundedCache(REMEMBERED)

    async def shares(self, where: ObjectFilter) -> Shares:
        """Estimate shares; see `shared.protocols.CatalogReader.shares`."""
        known = self._taken.get(where)
        if known is not None and self._clock() < known.stale_at:
            return known.shares
        shares = await self._catalog.shares(where)
        self._taken.put(where, _Sample(shares, self._clock() + BELIEVED_S))
        return shares
