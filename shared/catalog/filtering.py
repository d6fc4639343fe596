"""What a filter asks of rows. Conditions are built once, so that each set of them compiles once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
)

from shared.catalog.schema import images, objects
from shared.records import ImageState, ObjectFilter

Conditions = frozenset[str]
"""Which of a filter's conditions are set, by their names in `ObjectFilter`."""

_BEYOND_ALL = "\udcff" * 1025
"""More than any key: one byte longer than the longest, and each byte the highest."""


def _one_of(name: str, column: Column[Any]) -> ColumnElement[bool]:
    wanted: BindParameter[Any] = bindparam(name, expanding=True, type_=column.type)
    return column.in_(wanted)


def _value(name: str, column: Column[Any]) -> BindParameter[Any]:
    return bindparam(name, type_=column.type)


OF_OBJECTS: Mapping[str, ColumnElement[bool]] = {
    "buckets": _one_of("buckets", objects.c.bucket),
    # A range, as LIKE knows wildcards and no bytes.
    "prefix": and_(
        objects.c.key >= _value("prefix", objects.c.key),
        objects.c.key < _value("beyond", objects.c.key),
    ),
    "user_keys": _one_of("user_keys", objects.c.user_key),
    "modified_after": objects.c.last_modified >= _value("modified_after", objects.c.last_modified),
    "modified_before": objects.c.last_modified < _value("modified_before", objects.c.last_modified),
}
OF_IMAGES: Mapping[str, ColumnElement[bool]] = {
    "formats": _one_of("formats", images.c.format),
    "min_width": images.c.width >= _value("min_width", images.c.width),
    "min_height": images.c.height >= _value("min_height", images.c.height),
    "max_width": images.c.width <= _value("max_width", images.c.width),
    "max_height": images.c.height <= _value("max_height", images.c.height),
}

_SAME_IMAGE = images.c.image_id == objects.c.image_id
_INDEXED = images.c.state == ImageState.INDEXED.value


def set_in(where: ObjectFilter) -> Conditions:
    """Name the conditions that are set."""
    return frozenset(where.conditions())


def values_of(where: ObjectFilter) -> dict[str, object]:
    """Give the values that statements with these conditions ask for."""
    values = where.conditions()
    return values | {"beyond": beyond(where.prefix)} if where.prefix else values


def beyond(prefix: str) -> str:
    """Give the first text behind all that starts with `prefix`, in byte order."""
    # The last byte below 0xff, raised by one.
    stem = prefix.encode("utf-8", "surrogateescape").rstrip(b"\xff")
    if not stem:
        return _BEYOND_ALL
    return (stem[:-1] + bytes([stem[-1] + 1])).decode("utf-8", "surrogateescape")


def passing(wanted: Select[Any], conditions: Conditions) -> Select[Any]:
    """Narrow a statement over objects to those that pass."""
    if conditions & OF_IMAGES.keys():
        wanted = wanted.join(images, _SAME_IMAGE)
    return wanted.where(*_of(OF_OBJECTS, conditions), *_of(OF_IMAGES, conditions))


@lru_cache(maxsize=256)
def names(conditions: Conditions) -> Select[Any]:
    """Ask for up to `most` images that pass; of images alone, also those that no object holds."""
    most: BindParameter[int] = bindparam("most")
    if not conditions & OF_OBJECTS.keys():
        # No join: whoever asks joins with live objects in the end.
        return select(images.c.image_id).where(*_of(OF_IMAGES, conditions)).limit(most)
    held = select(objects.c.image_id).where(objects.c.image_id.is_not(None))
    return passing(held, conditions).distinct().limit(most)


@lru_cache(maxsize=256)
def sample(conditions: Conditions) -> Select[Any]:
    """Ask of the first `most` images in their order how many there are, and how many pass.

    Images are named by digests of their bytes, so the first in that order are as good as drawn.
    """
    held = exists().where(_SAME_IMAGE, *_of(OF_OBJECTS, conditions))
    passes = case((and_(held, *_of(OF_IMAGES, conditions)), 1), else_=0)
    drawn = (
        select(passes.label("passes"))
        .where(_INDEXED)
        .order_by(images.c.image_id)
        .limit(bindparam("most"))
        .subquery()
    )
    return select(func.count(), func.coalesce(func.sum(drawn.c.passes), 0)).select_from(drawn)


def _of(
    known: Mapping[str, ColumnElement[bool]], conditions: Conditions
) -> list[ColumnElement[bool]]:
    return [condition for name, condition in known.items() if name in conditions]
