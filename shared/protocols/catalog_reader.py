"""What is recorded, for whoever only reads."""

from collections.abc import Collection, Sequence
from typing import Protocol

from shared.errors import Reason
from shared.records import (
    BucketCount,
    CatalogStats,
    Folder,
    ImageFacts,
    ImageState,
    LiveObject,
    MeasuredThreshold,
    ObjectFilter,
    ObjectRef,
    ObjectState,
    Shares,
    StoredObject,
)


class CatalogReader(Protocol):
    """What search may ask of the catalog."""

    async def known(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, StoredObject]:
        """Tell what is recorded of these objects; the unknown are left out."""

    async def known_images(self, image_ids: Collection[str]) -> dict[str, ImageFacts]:
        """Tell which of these images are in the index, and their facts."""

    async def find(
        self, image_ids: Collection[str], where: ObjectFilter, limit: int = 20
    ) -> dict[str, list[LiveObject]]:
        """Join hits with live objects: per image those that pass `where`.

        In bucket and key order, at most `limit` an image; an image with none is left out.
        """

    async def image_ids(self, state: ImageState, after: str = "", limit: int = 1000) -> list[str]:
        """Name images of one state in order, those after `after`; for comparison with the index."""

    async def matching_images(self, where: ObjectFilter, limit: int) -> Collection[str] | None:
        """Name the images with an object that passes `where`, which is not empty.

        None where more than `limit` objects pass whichever of its conditions the fewest pass. A
        few that do not pass may be among the named: where only images are filtered, those that no
        object holds any more; where several conditions on objects are, those of which one object
        passes one and another object the other.
        """

    async def shares(self, where: ObjectFilter) -> Shares:
        """Estimate which share of all images passes `where`, by looking at some."""

    async def page(
        self,
        *,
        bucket: str | None = None,
        prefix: str = "",
        state: ObjectState | None = None,
        reason: Reason | None = None,
        after: ObjectRef | None = None,
        limit: int = 100,
    ) -> list[StoredObject]:
        """List recorded objects in (bucket, key) byte order, those after `after`."""

    async def level(
        self,
        folder: ObjectRef,
        *,
        state: ObjectState | None = None,
        after: ObjectRef | None = None,
        limit: int = 100,
    ) -> list[StoredObject | Folder]:
        """List one level of a bucket: those whose keys start with `folder`'s, in byte order.

        Keys that have a slash behind that come as one folder, which is over once `after`, an object
        of the same bucket, is in it.
        """

    async def reasons(self, bucket: str | None = None, prefix: str = "") -> dict[Reason, int]:
        """Count the rejected objects by reason."""

    async def buckets(self) -> list[BucketCount]:
        """Count objects per bucket, in bucket order."""

    async def stats(self) -> CatalogStats:
        """Count everything."""

    async def measured(self) -> MeasuredThreshold | None:
        """Tell what `calibrate` wrote last for this model; None if nothing."""

    async def close(self) -> None:
        """Let go of all connections."""
