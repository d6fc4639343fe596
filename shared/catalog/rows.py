"""Rows of the tables as the records of shared/records/, and back."""

from datetime import datetime
from typing import Any

from shared.catalog.schema import images, objects
from shared.errors import Reason
from shared.records import (
    ImageFacts,
    ImageState,
    IndexedObject,
    ObjectRef,
    ObjectStat,
    ObjectState,
    RejectedObject,
    StoredObject,
)

_STATES = {state.value: state for state in ObjectState}

DETAIL_LENGTH = 1000
"""Characters kept of a rejection's detail; it is one sentence, whatever a library had to say."""

OBJECT = tuple(column for column in objects.c if column is not objects.c.object_id)
LIVE = (
    objects.c.image_id,
    objects.c.bucket,
    objects.c.key,
    objects.c.size,
    objects.c.last_modified,
    objects.c.user_key,
)
FACTS = (images.c.image_id, images.c.width, images.c.height, images.c.format, images.c.bytes)


def stored_object(row: tuple[Any, ...]) -> StoredObject:
    """Read a row of the columns `OBJECT`."""
    (
        bucket,
        key,
        state,
        image_id,
        size,
        etag,
        version_id,
        last_modified,
        user_key,
        reason,
        detail,
        recorded_at,
    ) = row
    stat = ObjectStat(ObjectRef(bucket, key), size, etag, last_modified, user_key, version_id)
    return StoredObject(
        stat, _STATES[state], recorded_at, image_id, reason and Reason(reason), detail
    )


def object_row(item: IndexedObject | RejectedObject, now: datetime) -> dict[str, Any]:
    """Write a row of `objects`."""
    stat = item.stat
    row: dict[str, Any] = {
        "object_id": stat.ref.object_id,
        "bucket": stat.ref.bucket,
        "key": stat.ref.key,
        "size": stat.size,
        "etag": stat.etag,
        "version_id": stat.version_id,
        "last_modified": stat.last_modified,
        "user_key": stat.user_key,
        "recorded_at": now,
    }
    if isinstance(item, IndexedObject):
        found = {"state": ObjectState.INDEXED.value, "image_id": item.image_id}
        return row | found | {"reason": None, "detail": None}
    why = {"reason": item.reason.value, "detail": item.detail[:DETAIL_LENGTH]}
    return row | why | {"state": ObjectState.REJECTED.value, "image_id": None}


def pending_row(facts: ImageFacts, model_id: str, now: datetime) -> dict[str, Any]:
    """Write a row of `images` as it is first claimed."""
    return {
        "image_id": facts.image_id,
        "model_id": model_id,
        "width": facts.width,
        "height": facts.height,
        "format": facts.format,
        "bytes": facts.bytes,
        "state": ImageState.PENDING.value,
        "unused_since": now,
        "indexed_at": None,
    }


def adopted_row(image_id: str, model_id: str, now: datetime) -> dict[str, Any]:
    """Write a row of `images` of which nothing is known, to be collected."""
    unknown = ImageFacts(image_id, width=0, height=0, format="", bytes=0)
    return pending_row(unknown, model_id, now) | {"state": ImageState.COLLECTING.value}
