"""The least cosine of a near duplicate: measured on the user's own pictures, or the model's own."""

import time
from collections.abc import Callable

from search_api.ranking import similarity_of
from search_api.schemas import Thresholds
from shared.errors import TransientError
from shared.protocols import CatalogReader, Embedder

FRESH_S = 60.0
"""A new measurement is in force so much later, at the latest."""


class NearDuplicate:
    """The threshold in force.

    Args:
        catalog: where a measurement would be.
        embedder: the model, with the threshold it was shipped with.
        clock: seconds that only go on.
    """

    def __init__(
        self,
        catalog: CatalogReader,
        embedder: Embedder,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._shipped = embedder.near_duplicate
        self._clock = clock
        self._cosine = self._shipped
        self._stale_at = float("-inf")

    async def cosine(self) -> float:
        """Tell the threshold, looked up once a minute; above 1 where there is none.

        A catalog that does not answer leaves the last one in force: the search itself will say so.
        """
        if self._clock() >= self._stale_at:
            self._stale_at = self._clock() + FRESH_S
            try:
                measured = await self._catalog.measured()
            except TransientError:
                self._stale_at = float("-inf")
            else:
                self._cosine = measured.near_duplicate if measured else self._shipped
        return self._cosine


def told(cosine: float) -> Thresholds:
    """Put a threshold into a reply."""
    return Thresholds(near_duplicate=similarity_of(cosine) if cosine <= 1 else None)
