"""The statements that read. Those of fixed shape are built once, so they are compiled once."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    exists,
    func,
    or_,
    select,
)

from shared.catalog.filtering import Conditions, beyond, passing
from shared.catalog.lists import among
from shared.catalog.rows import FACTS, LIVE, OBJECT
from shared.catalog.schema import images, objects
from shared.errors import Reason
from shared.records import ImageState, ObjectRef, ObjectState


def locked(wanted: Select[Any], table: Table) -> Select[Any]:
    """Lock what `wanted` asks for by primary key, in the order of that.

    Left to itself, MySQL may walk a small table by another index: in that one's order, and locking
    rows that were not asked for.
    """
    return wanted.with_hint(table, "FORCE INDEX (PRIMARY)", "mysql").with_for_update()


_INDEXED_OBJECT = objects.c.state == ObjectState.INDEXED.value
_INDEXED_IMAGE = images.c.state == ImageState.INDEXED.value
_PLACE = (objects.c.bucket, objects.c.key)

KNOWN = select(*OBJECT).where(among(objects.c.object_id))
KNOWN_IMAGES = select(*FACTS).where(among(images.c.image_id), _INDEXED_IMAGE)
BY_USER_KEY = select(*OBJECT).where(among(objects.c.user_key))
COUNTS = (
    select(objects.c.bucket, objects.c.state, func.count())
    .group_by(objects.c.bucket, objects.c.state)
    .order_by(objects.c.bucket)
)
TOTALS = select(objects.c.state, func.count()).group_by(objects.c.state)
NEWEST = select(func.max(objects.c.recorded_at)).where(_INDEXED_OBJECT)

_EPOCH = datetime.fromtimestamp(0, UTC)
_HAS_OBJECT = exists().where(objects.c.image_id == images.c.image_id)
_ALL = (
    select(func.count())
    # A catalog knows one model only; asking for it leads to the index.
    .where(images.c.model_id == bindparam("model_id"), _INDEXED_IMAGE)
    .scalar_subquery()
)
_UNUSED = (
    select(func.count())
    # Any moment at all, put as a range: SQLite looks for IS NOT NULL row by row.
    .where(_INDEXED_IMAGE, images.c.unused_since > _EPOCH, ~_HAS_OBJECT)
    .scalar_subquery()
)
IMAGES = select(_ALL - _UNUSED)
"""Images that an object holds: all but the few that the collector will take."""

IMAGES_IN_ORDER = (
    select(images.c.image_id)
    .where(
        images.c.model_id == bindparam("model_id"),
        images.c.state == bindparam("state"),
        images.c.image_id > bindparam("after"),
    )
    .order_by(images.c.image_id)
    .limit(bindparam("most"))
)

ANY_MODEL = select(images.c.model_id).limit(1)
OTHER_MODEL = (
    select(images.c.model_id)
    # Two ranges of the index; `!=` would read all of it.
    .where(
        or_(
            images.c.model_id < bindparam("model_id"),
            images.c.model_id > bindparam("model_id"),
        )
    )
    .limit(1)
)


@lru_cache(maxsize=256)
def find(conditions: Conditions) -> Select[Any]:
    """Ask for the first `most` objects that pass of all images of `ids`, image by image."""
    of_images = select(*LIVE).where(among(objects.c.image_id))
    in_order = passing(of_images, conditions).order_by(objects.c.image_id, *_PLACE)
    return in_order.limit(bindparam("most"))


@lru_cache(maxsize=256)
def find_of_each(conditions: Conditions) -> Select[Any]:
    """Ask for the first `most` objects that pass of each image of `ids`, image by image."""
    # Ranked by what the index alone holds, as one image may have very many objects.
    of_images = select(
        objects.c.image_id,
        *_PLACE,
        func.row_number().over(partition_by=objects.c.image_id, order_by=_PLACE).label("rank"),
    ).where(among(objects.c.image_id))
    ranked = passing(of_images, conditions).subquery()
    same_place = and_(objects.c.bucket == ranked.c.bucket, objects.c.key == ranked.c.key)
    return (
        select(*LIVE)
        .join(ranked, same_place)
        .where(ranked.c.rank <= bindparam("most"))
        .order_by(ranked.c.image_id, ranked.c.bucket, ranked.c.key)
    )


@lru_cache(maxsize=256)
def passing_among(conditions: Conditions) -> Select[Any]:
    """Ask which images of `ids` have an object that passes; each once for each such object."""
    return passing(select(objects.c.image_id).where(among(objects.c.image_id)), conditions)


def page(
    bucket: str | None, prefix: str, state: ObjectState | None, reason: Reason | None = None
) -> Select[Any]:
    """Ask for objects in (bucket, key) byte order."""
    wanted = select(*OBJECT).where(*_prefixed(prefix)).order_by(*_PLACE)
    if bucket is not None:
        wanted = wanted.where(objects.c.bucket == bucket)
    if reason is not None:
        wanted = wanted.where(objects.c.reason == reason.value)
    return wanted if state is None else wanted.where(objects.c.state == state.value)


def rest_of_bucket(wanted: Select[Any], after: ObjectRef) -> Select[Any]:
    """Narrow `wanted` to what follows in the bucket of `after`."""
    return wanted.where(objects.c.bucket == after.bucket, objects.c.key > after.key)


def buckets_behind(wanted: Select[Any], after: ObjectRef) -> Select[Any]:
    """Narrow `wanted` to the buckets that follow that of `after`."""
    return wanted.where(objects.c.bucket > after.bucket)


def _prefixed(prefix: str) -> list[ColumnElement[bool]]:
    """Ask for keys that start with `prefix`: a range, as LIKE knows wildcards and no bytes."""
    return [objects.c.key >= prefix, objects.c.key < beyond(prefix)] if prefix else []
