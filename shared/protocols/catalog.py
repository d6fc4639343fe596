"""What is recorded, for the one app that writes it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from shared.protocols.catalog_reader import CatalogReader
from shared.records import Change, ImageFacts, MeasuredThreshold, ObjectRef, ObjectStat

Present = Callable[[Sequence[ObjectRef]], Awaitable[Mapping[ObjectRef, ObjectStat]]]
"""Asks the store for the present states of objects; those that are gone are left out.

Raises `TransientError` at once where the store does not answer: whoever asks holds locks.
"""

Delete = Callable[[list[str]], Awaitable[None]]
"""Deletes the vectors of images; raises `TransientError` at once if the index does not answer."""


class Catalog(CatalogReader, Protocol):
    """The authority on what Seenit has seen.

    An image goes pending, indexed, then (when no object has used it for a while) collecting, gone.
    A vector exists only for an image that has a row, so an orphan can always be found.
    """

    async def claim(self, images: Sequence[ImageFacts]) -> None:
        """Write images as pending, before their vectors go into the index.

        Already pending or indexed rows stay as they are.

        Raises:
            ImageUnclaimed: one of them is being collected; it can be claimed once that is over.
        """

    async def record(self, changes: Sequence[Change], present: Present) -> set[ObjectRef]:
        """Write what became of objects, in one transaction; what it wrote, search shows.

        Locks the objects, then asks the store for their present state, and writes only what is
        still so: an indexed or rejected object has the same bytes, a removed one is gone. So
        whoever writes last has also looked last, and no row ever tells of an older state than
        another writer found before. The state found under the lock is the one that is written.

        Marks the claimed images indexed. An object that held another image before no longer does.
        Of several changes of one object the last counts.

        Returns:
            Objects of which nothing was written, to be looked at again: they changed since, or
            their image was never claimed or is being collected.
        """

    async def collect(self, unused_since: datetime, limit: int, delete: Delete) -> int:
        """Delete up to `limit` images that no object has used since then; returns how many.

        Marks them as collecting, awaits `delete` for their vectors, and drops them. Nobody can
        claim one meanwhile, so no vector that was written anew is ever deleted. Those that an
        earlier, interrupted collection had marked come first. Several may collect at once.

        Raises:
            TransientError: also whatever `delete` raises; what was marked stays so until the next
                collection.
        """

    async def adopt(self, image_ids: Collection[str]) -> int:
        """Write images that are in the index but have no row as collecting; returns how many.

        Those that have a row stay as they are. Until they are collected the same bytes cannot be
        claimed, so collect soon.
        """

    async def unindex(self, image_ids: Collection[str]) -> int:
        """Set indexed images whose vectors are lost back to pending; returns how many.

        Their objects keep their rows. Look at those again (`Event.again`): the first that is found
        unchanged is embedded anew, and makes its image indexed. Pending images with objects
        (`image_ids`, `find`) are those for which that is still to be done.
        """

    async def calibrate(self, measured: MeasuredThreshold) -> None:
        """Write what was measured with this model, in place of what was before."""

    async def lead(self, name: str, holder: str, seconds: float) -> bool:
        """Take a lease, or renew it, for so long; False while another holds it.

        The catalog's clock decides, so holders' clocks may differ. No seconds let go of it. It
        spares work that would be done twice, no more: whoever is stopped and goes on after its
        time does not know that another leads.
        """
