"""The bytes of a bucket notification to events. No I/O, and never an exception.

A notification of our own kind asks for a look at an object on behalf of a comparison.
"""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from pydantic import BaseModel, Field, ValidationError

from shared.records import Event, ObjectRef
from shared.storage.keys import MAX_KEY_BYTES

MOST_BYTES = 2**20  # of a notification; a thousand changes take less
CLOCKS_APART_S = 60.0

CREATED = frozenset({"Put", "Post", "Copy", "CompleteMultipartUpload"})
"""What follows `ObjectCreated:`; the same prefix also stands for tags, retention and legal hold."""

REMOVED = ("ObjectRemoved:", "LifecycleExpiration:", "LifecycleDelMarkerExpiration:")


class Kind(StrEnum):
    """What one change was, for counting."""

    CREATED = "created"
    REMOVED = "removed"
    COMPARED = "compared"
    IRRELEVANT = "irrelevant"
    OTHER_BUCKET = "other_bucket"
    FOLDER_MARKER = "folder_marker"
    NO_CHANGE = "no_change"
    MALFORMED = "malformed"


@dataclass(slots=True)
class Reading:
    """What a notification holds.

    Attributes:
        events: objects to look at again.
        kinds: one for each change it told of, those that are no events included.
        malformed: why it cannot be read, or the first of its changes that cannot; else None.
    """

    events: list[Event] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    malformed: str | None = None

    def refuse(self, why: str) -> None:
        """Something in it cannot be read."""
        self.kinds.append(Kind.MALFORMED)
        self.malformed = self.malformed or why


class _Bucket(BaseModel):
    name: str


class _Object(BaseModel):
    key: str
    size: Any = None  # a hint like the next two: what is odd about a hint is no reason to refuse
    etag: Any = Field(None, alias="eTag")


class _S3(BaseModel):
    bucket: _Bucket
    object: _Object


class _Change(BaseModel):
    name: str = Field(alias="eventName")
    time: Any = Field(None, alias="eventTime")
    s3: _S3


class _Look(BaseModel):
    bucket: str
    key: str  # percent-encoded
    etag: str | None = None
    size: int | None = Field(None, ge=0)
    seen_at: float = Field(ge=0, allow_inf_nan=False)
    again: bool = False


class _Notification(BaseModel):
    records: list[Any] | None = Field(None, alias="Records")
    test: str | None = Field(None, alias="Event")
    look: _Look | None = None


def look(event: Event) -> bytes:
    """Write a notification that `read` turns into this very event."""
    told = {
        "bucket": event.ref.bucket,
        "key": quote(event.ref.key_bytes),
        "etag": event.etag,
        "size": event.size,
        "seen_at": event.seen_at,
        "again": event.again,
    }
    return json.dumps({"look": told}).encode()


def read(value: bytes | None, buckets: Collection[str], now: float | None = None) -> Reading:
    """Read a notification of MinIO or S3.

    Args:
        value: the message; None is a Kafka tombstone.
        buckets: those that are indexed; changes in others are counted only.
        now: seconds since the epoch.
    """
    reading = Reading()
    now = time.time() if now is None else now
    try:
        notification = _notification(value)
        if notification.look:
            _read_look(notification.look, buckets, reading)
        for record in notification.records or ():
            try:
                _read_change(_Change.model_validate(record, strict=True), buckets, now, reading)
            except ValueError as error:
                reading.refuse(_told(error))
    except ValueError as error:
        reading.refuse(_told(error))
    if not reading.kinds:
        reading.kinds.append(Kind.NO_CHANGE)
    return reading


def _notification(value: bytes | None) -> _Notification:
    if value is None:
        raise ValueError("the message has no value")
    if len(value) > MOST_BYTES:
        raise ValueError(f"the message has {len(value):,} bytes, more than {MOST_BYTES:,}")
    told = _Notification.model_validate_json(value, strict=True)
    if told.records is None and told.look is None and told.test != "s3:TestEvent":
        raise ValueError("Records: there are none")
    return told


def _read_look(told: _Look, buckets: Collection[str], reading: Reading) -> None:
    """Add what a comparison found; it may be another Seenit's, that shares the topic."""
    if told.bucket not in buckets:
        reading.kinds.append(Kind.OTHER_BUCKET)
        return
    ref = _ref(told.bucket, unquote_to_bytes(told.key))
    reading.kinds.append(Kind.COMPARED)
    reading.events.append(Event(ref, told.seen_at, told.etag, told.size, told.again))


def _read_change(change: _Change, buckets: Collection[str], now: float, reading: Reading) -> None:
    """Add one change to a reading.

    Raises:
        ValueError: no object can have this key.
    """
    bucket, told = change.s3.bucket.name, change.s3.object
    kind = _kind(change.name.removeprefix("s3:"))
    if kind is Kind.IRRELEVANT or bucket not in buckets:
        reading.kinds.append(kind if kind is Kind.IRRELEVANT else Kind.OTHER_BUCKET)
        return
    key = unquote_to_bytes(told.key.replace("+", " "))  # as Go's url.QueryEscape wrote it
    ref = _ref(bucket, key)
    size = told.size if type(told.size) is int and told.size >= 0 else None
    if kind is Kind.CREATED and key.endswith(b"/") and size == 0:
        reading.kinds.append(Kind.FOLDER_MARKER)
        return
    event = Event(ref, _seen_at(change.time, now))
    if kind is Kind.CREATED:  # some removals tell them too, of what is gone
        etag = told.etag.strip('"') if isinstance(told.etag, str) else ""
        event = replace(event, etag=etag or None, size=size)
    reading.kinds.append(kind)
    reading.events.append(event)


def _ref(bucket: str, key: bytes) -> ObjectRef:
    if not 0 < len(key) <= MAX_KEY_BYTES or b"\0" in key:
        raise ValueError(f"object.key: no object has such a key of {len(key):,} bytes")
    return ObjectRef(bucket, key.decode("utf-8", "surrogateescape"))


def _kind(name: str) -> Kind:
    if name.startswith(REMOVED):
        return Kind.REMOVED
    created = name.startswith("ObjectCreated:") and name.partition(":")[2] in CREATED
    return Kind.CREATED if created else Kind.IRRELEVANT


def _seen_at(told: object, now: float) -> float:
    """Take the time of the change, so that freshness counts from there, unless it cannot be."""
    try:
        time_of_change = datetime.fromisoformat(str(told))
    except ValueError:
        return now
    if time_of_change.tzinfo is None or time_of_change.timestamp() > now + CLOCKS_APART_S:
        return now
    return max(0.0, min(time_of_change.timestamp(), now))


def _told(error: ValueError) -> str:
    """Name the field and what is wrong with it; never the value, which may be anything."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
