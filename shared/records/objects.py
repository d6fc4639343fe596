"""An object, as the store tells of it."""

from dataclasses import dataclass
from datetime import datetime

from shared.digests import object_digest


@dataclass(frozen=True, order=True, slots=True)
class ObjectRef:
    """Where an object is: a bucket and a key.

    A key is text whose bytes are UTF-8. A file name that is not UTF-8 travels as surrogate escapes
    (PEP 383), so that it can be named in a rejection; `key_bytes` is exact either way.
    """

    bucket: str
    key: str

    @property
    def key_bytes(self) -> bytes:
        """The key as stored, byte for byte."""
        return self.key.encode("utf-8", "surrogateescape")

    @property
    def object_id(self) -> bytes:
        """The catalog's primary key of this object: 32 bytes."""
        return object_digest(self.bucket, self.key_bytes)


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What the store says of an object without reading it.

    Attributes:
        etag: changes whenever the bytes may have changed; compared, never interpreted.
        last_modified: aware, UTC.
        user_key: the user's own identifier (`x-amz-meta-key`), if any.
    """

    ref: ObjectRef
    size: int
    etag: str
    last_modified: datetime
    user_key: str | None = None
    version_id: str | None = None

    def same_bytes(self, other: "ObjectStat") -> bool:
        """Whether two looks at an object found the same bytes, as far as can be told unread."""
        versions = {self.version_id, other.version_id} - {None}
        return (self.etag, self.size) == (other.etag, other.size) and len(versions) < 2

    def same_state(self, other: "ObjectStat") -> bool:
        """Whether two looks found the same bytes, put there in the same second.

        Finer times are not to be had from all answers of a store. A copy of an object onto itself,
        which may change its `user_key`, leaves the bytes and moves the time.
        """
        mine, others = (each.last_modified.replace(microsecond=0) for each in (self, other))
        return self.same_bytes(other) and mine == others


@dataclass(frozen=True, slots=True)
class ObjectBytes:
    """An object read whole: its state at that moment, its bytes and their digest."""

    stat: ObjectStat
    data: bytes
    image_id: str
