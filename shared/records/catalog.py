"""What the catalog answers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from shared.errors import Reason
from shared.records.objects import ObjectRef, ObjectStat


class ObjectState(StrEnum):
    """What the catalog says of an object."""

    INDEXED = "indexed"
    REJECTED = "rejected"


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


class LiveObject(NamedTuple):
    """An object that holds an image, as hits show it.

    Attributes:
        last_modified: aware, UTC.
    """

    ref: ObjectRef
    size: int
    last_modified: datetime
    user_key: str | None = None


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
