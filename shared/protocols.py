"""The four protocols on one page.

Each has one contract suite in tests/contract, run on every adapter.

Those that block say so: call them from a worker thread. All raise `TransientError` when the part
behind them does not answer, and every write may be repeated without harm.
"""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.errors import Reason
from shared.records import (
    BucketCount,
    CatalogStats,
    Change,
    Folder,
    ImageFacts,
    ImageState,
    MeasuredThreshold,
    Neighbour,
    ObjectBytes,
    ObjectFilter,
    ObjectRef,
    ObjectStat,
    ObjectState,
    StoredObject,
)

Pixels = NDArray[np.uint8]
"""RGB pictures squeezed to the model's input: uint8, shape (n, 224, 224, 3)."""

Embeddings = NDArray[np.float32]
"""L2-normalised float32, shape (n, 512); their dot product is the cosine."""

Present = Callable[[Sequence[ObjectRef]], Awaitable[Mapping[ObjectRef, ObjectStat]]]
"""Asks the store for the present states of objects; those that are gone are left out.

Raises `TransientError` at once where the store does not answer: whoever asks holds locks.
"""

Delete = Callable[[list[str]], Awaitable[None]]
"""Deletes the vectors of images; raises `TransientError` at once if the index does not answer."""


class ObjectStore(Protocol):
    """Where the pictures are: a folder or a bucket. Blocks; safe from several threads."""

    def stat(self, ref: ObjectRef) -> ObjectStat:
        """Tell an object's present state, as `list` would; also of what `read` would reject.

        Raises:
            ObjectGone: there is none.
        """

    def read(self, ref: ObjectRef, max_bytes: int) -> ObjectBytes:
        """Read an object whole, hashing as it arrives; never more than `max_bytes`.

        Raises:
            ObjectGone: there is none.
            ObjectChanging: it changed while it was read, or someone is writing it.
            Rejected: it is larger than `max_bytes`, or can never be a picture (a pipe, a link that
                leads out).
        """

    def buckets(self) -> list[str]:
        """Name the buckets there are, in byte order."""

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        """List a bucket in the byte order of its keys, lazily and in bounded memory.

        A listing that cannot be finished raises; it never just ends early. It may leave out user
        keys and versions, which S3's own does not tell.
        """


class ObjectWriter(Protocol):
    """The same store, for the command line's `add` and `remove`; the apps never write. Blocks."""

    def put(self, ref: ObjectRef, source: BinaryIO, user_key: str | None = None) -> None:
        """Put an object, whole or not at all, replacing what was there.

        Raises:
            Rejected: the store can hold no such key.
        """

    def remove(self, ref: ObjectRef) -> bool:
        """Remove an object; False where there was none."""


class CatalogReader(Protocol):
    """What search may ask of the catalog."""

    async def known(self, refs: Sequence[ObjectRef]) -> dict[ObjectRef, StoredObject]:
        """Tell what is recorded of these objects; the unknown are left out."""

    async def known_images(self, image_ids: Collection[str]) -> dict[str, ImageFacts]:
        """Tell which of these images are in the index, and their facts."""

    async def find(
        self, image_ids: Collection[str], where: ObjectFilter, limit: int = 20
    ) -> dict[str, list[StoredObject]]:
        """Join hits with live objects: per image those that pass `where`.

        In bucket and key order, at most `limit` an image; an image with none is left out.
        """

    async def image_ids(self, state: ImageState, after: str = "", limit: int = 1000) -> list[str]:
        """Name images of one state in order, those after `after`; for comparison with the index."""

    async def matching_images(self, where: ObjectFilter, limit: int) -> list[str] | None:
        """Name the images with an object that passes `where`, which is not empty.

        None where more than `limit` objects pass whichever of its conditions the fewest pass. Where
        only images are filtered, those that no object holds any more may be among the named.
        """

    async def share(self, where: ObjectFilter) -> float:
        """Estimate which share of all images passes `where`, 0 to 1, by looking at some."""

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


class VectorIndex(Protocol):
    """Nearest neighbours by cosine among the embeddings of one model. Blocks; thread-safe."""

    def upsert(self, image_ids: Sequence[str], embeddings: Embeddings) -> None:
        """Write embeddings, shape (n, dimension), replacing those of the same images.

        Returns once they are durable. This process finds them at once, another within a second.
        """

    def delete(self, image_ids: Collection[str]) -> None:
        """Remove embeddings; unknown images are no error."""

    def get(self, image_ids: Sequence[str]) -> Mapping[str, NDArray[np.float32]]:
        """Return embeddings, each of shape (dimension,); the unknown are left out."""

    def held(self, image_ids: Collection[str]) -> set[str]:
        """Tell which of these images have an embedding, whichever process wrote it."""

    def nearest(
        self, queries: Embeddings, limit: int, among: Collection[str] | None = None
    ) -> list[list[Neighbour]]:
        """Find per query, shape (q, dimension), up to `limit` neighbours.

        Highest cosine first, ties in `image_id` order; only `among` these images, if given.
        """

    def load(self) -> None:
        """Read into memory what searches need there, so that the first waits no longer."""

    def quick(self) -> bool:
        """Whether a question takes no longer now than handing it to a thread; never waits.

        `get` and `nearest` may then be asked in place, on an event loop too.
        """

    def ids(self) -> Iterator[str]:
        """Name every image in the index; for verification and repair."""

    def close(self) -> None:
        """Let go of the store."""


class Embedder(Protocol):
    """A model on a device. Blocks; safe from several threads.

    Attributes:
        model_id: name, dimension and a hash of weights, mean and head; two embedders with the same
            `model_id` give the same embeddings up to the device's rounding.
        dimension: length of an embedding.
        near_duplicate: the least cosine at which two pictures count as edits of one another;
            above 1 where the model has no calibration.
        parallel: how many `embed` calls run side by side before they slow each other down.
        batch: the batch size at which throughput peaks on this device.
    """

    model_id: str
    dimension: int
    near_duplicate: float
    parallel: int
    batch: int

    def embed(self, pixels: Pixels) -> Embeddings:
        """Embed RGB uint8 pictures, shape (n, 224, 224, 3), into float32 (n, dimension).

        n is at least 1.
        """

    def embed_alone(self, pixels: Pixels) -> Embeddings:
        """Embed as `embed` does, but sooner and with more work: while nothing else is embedded."""
