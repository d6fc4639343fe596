"""The words of docs/ARCHITECTURE.md as frozen records; they only name and compare things."""

from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from shared.digests import object_digest
from shared.errors import Reason


@dataclass(frozen=True, order=True)
class ObjectRef:
    """Where an object is: a bucket and a key.

    A key is text whose bytes are UTF-8. A file name that is not UTF-8 travels as surrogate escapes
    (PEP 383), so that it can be named in a rejection; `key_bytes` is exact either way.
    """

    bucket: str
    key: str

    @cached_property
    def key_bytes(self) -> bytes:
        """The key as stored, byte for byte."""
        return self.key.encode("utf-8", "surrogateescape")

    @cached_property
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


@dataclass(frozen=True, slots=True)
class Event:
    """A hint to look at one object again; what is then found decides, not the event.

    Attributes:
        etag, size: the object's, where the messenger knew them; spares the store a question.
        seen_at: `time.time()` when the change became known; freshness counts from here.
        again: look even if the catalog already holds this very state (a retry of a rejection).
    """

    ref: ObjectRef
    seen_at: float
    etag: str | None = None
    size: int | None = None
    again: bool = False


class Outcome(StrEnum):
    """What became of an event."""

    INDEXED = "indexed"
    DUPLICATE = "duplicate"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    REJECTED = "rejected"


class ObjectState(StrEnum):
    """What the catalog says of an object."""

    INDEXED = "indexed"
    REJECTED = "rejected"


class ImageState(StrEnum):
    """Where an image is in its life; see `shared.protocols.Catalog`."""

    PENDING = "pending"
    INDEXED = "indexed"
    COLLECTING = "collecting"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known of an image beside its embedding.

    Attributes:
        image_id: SHA-256 of the bytes, hex.
        width, height: pixels as seen, after the EXIF orientation.
        format: Pillow's name of the format, such as `JPEG`.
        bytes: the file's length.
    """

    image_id: str
    width: int
    height: int
    format: str
    bytes: int


@dataclass(frozen=True, slots=True)
class IndexedObject:
    """To be recorded: this object holds this image."""

    stat: ObjectStat
    image_id: str

    @property
    def ref(self) -> ObjectRef:
        """Which object."""
        return self.stat.ref


@dataclass(frozen=True, slots=True)
class RejectedObject:
    """To be recorded: this object, as it is, can never be indexed."""

    stat: ObjectStat
    reason: Reason
    detail: str

    @property
    def ref(self) -> ObjectRef:
        """Which object."""
        return self.stat.ref


@dataclass(frozen=True, slots=True)
class RemovedObject:
    """To be recorded: this object is no longer in the store."""

    ref: ObjectRef


Change = IndexedObject | RejectedObject | RemovedObject
"""What became of an object, to be recorded in the catalog."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One row of the catalog: an object and what became of it.

    Attributes:
        image_id: set when `state` is indexed.
        reason, detail: set when `state` is rejected.
        recorded_at: aware, UTC; when the catalog last wrote this row.
    """

    stat: ObjectStat
    state: ObjectState
    recorded_at: datetime
    image_id: str | None = None
    reason: Reason | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Folder:
    """The objects of a bucket whose keys start alike up to a slash.

    Attributes:
        ref: the bucket, and what the keys start with, its last slash included.
        first: the first of them.
    """

    ref: ObjectRef
    first: StoredObject


@dataclass(frozen=True, slots=True)
class ObjectFilter:
    """Which objects count in a search; empty means all. Every condition that is set must hold.

    Attributes:
        buckets: any of these.
        prefix: the key starts with this, byte for byte.
        user_keys: the user's own identifier is one of these, byte for byte.
        modified_after, modified_before: aware; modified at this moment or later; before this one.
        formats: the image's is any of these, by Pillow's names.
        min_width, min_height, max_width, max_height: the image's, in pixels as seen, inclusive.
    """

    buckets: tuple[str, ...] = ()
    prefix: str = ""
    user_keys: tuple[str, ...] = ()
    modified_after: datetime | None = None
    modified_before: datetime | None = None
    formats: tuple[str, ...] = ()
    min_width: int | None = None
    min_height: int | None = None
    max_width: int | None = None
    max_height: int | None = None

    def __bool__(self) -> bool:
        """Whether anything is filtered at all."""
        return self != ObjectFilter()

    def conditions(self) -> dict[str, object]:
        """Name what is set, with its value."""
        return {
            field.name: value
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    def only(self, names: Collection[str]) -> "ObjectFilter":
        """Keep these of its conditions."""
        kept: dict[str, Any] = {k: value for k, value in self.conditions().items() if k in names}
        return ObjectFilter(**kept)

    def and_also(self, other: "ObjectFilter") -> "ObjectFilter":
        """Add the conditions of another filter."""
        both: dict[str, Any] = self.conditions() | other.conditions()
        return ObjectFilter(**both)


@dataclass(frozen=True, slots=True)
class Shares:
    """Which share of all images passes a filter, 0 to 1, by a sample.

    Attributes:
        images: how many there are, about.
        whole: passes all of its conditions.
        parts: its conditions in groups, each of which one list of names answers, and which share
            passes each group; the rarest first.
    """

    images: int
    whole: float
    parts: tuple[tuple[ObjectFilter, float], ...]


@dataclass(frozen=True, slots=True)
class BucketCount:
    """How many objects a bucket holds, by state."""

    bucket: str
    indexed: int
    rejected: int


@dataclass(frozen=True, slots=True)
class CatalogStats:
    """The catalog in four numbers; `newest` is when an object last became searchable."""

    objects: int
    images: int
    rejected: int
    newest: datetime | None


@dataclass(frozen=True, slots=True)
class MeasuredThreshold:
    """What was measured on the user's own pictures, in place of the model's own threshold.

    Attributes:
        near_duplicate: the least cosine of a near duplicate.
        pairs: unrelated pairs of pictures it was measured on.
    """

    near_duplicate: float
    pairs: int
    measured_at: datetime


class Neighbour(NamedTuple):
    """One answer of the index.

    Attributes:
        cosine: -1 to 1.
    """

    image_id: str
    cosine: float
