"""The pictures."""

from collections.abc import Iterator
from typing import BinaryIO, Protocol

from shared.records import ObjectBytes, ObjectRef, ObjectStat


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
