"""What a filter asks of rows. Conditions are built once, so that each set of them compiles once."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
    true,
    union_all,
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
_INDEXED_TOGETHER: Sequence[Conditions] = (
    frozenset({"buckets", "prefix"}),
    frozenset({"user_keys"}),
    frozenset({"modified_after", "modified_before"}),
    frozenset({"formats"}),
    frozenset({"min_width", "max_width"}),
    frozenset({"min_height", "max_height"}),
)


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
    wanted = wanted.where(*_of(OF_OBJECTS, conditions))
    if of_images := _of(OF_IMAGES, conditions):
        # No join, as SQLite might begin it with all images that pass.
        wanted = wanted.where(exists().where(_SAME_IMAGE, *of_images).correlate(objects))
    return wanted


def parts_of(conditions: Conditions) -> list[Conditions]:
    """Part conditions by the index that each has to itself."""
    return [part for group in _INDEXED_TOGETHER if (part := conditions & group)]


@lru_cache(maxsize=256)
def lists(parts: tuple[Conditions, ...]) -> CompoundSelect[Any]:
    """Ask for the first `most` names that pass each of `parts_of`, a row for each of these.

    How many there are, and these one behind the other, NULL where none passes. They come from an
    index alone. An image comes once for each of its objects that passes; where only images are
    looked at, those that no object holds come too.
    """
    return union_all(*map(_list, parts))


def _list(part: Conditions) -> Select[int, str]:
    table, known = (images, OF_IMAGES) if part <= OF_IMAGES.keys() else (objects, OF_OBJECTS)
    named = select(table.c.image_id).where(*_of(known, part)).limit(bindparam("most")).subquery()
    return select(func.count(named.c.image_id), func.aggregate_strings(named.c.image_id, ""))


@lru_cache(maxsize=256)
def sample(conditions: Conditions) -> Select[Any]:
    """Ask of the first `most` images in their order: how many there are, the last, how many pass.

    Then, for each of `parts_of`, how many pass that alone. Images are named by digests of their
    bytes, so the first in that order are as good as drawn.
    """
    parts = parts_of(conditions)
    asked = [conditions, *parts] if len(parts) > 1 else [conditions]
    drawn = (
        select(
            images.c.image_id,
            *(
                and_(true(), *_of(OF_IMAGES, each)).label(f"image_{n}")
                for n, each in enumerate(asked)
            ),
        )
        .where(images.c.state == ImageState.INDEXED.value)
        .order_by(images.c.image_id)
        .limit(bindparam("most"))
        .subquery()
    )
    image_id, *flags = drawn.c
    held = objects.c.image_id.is_not(None)
    passes = (
        case((and_(held, flag, *_of(OF_OBJECTS, each)), 1), else_=0)
        for flag, each in zip(flags, asked, strict=True)
    )
    each_image = (
        select(image_id, *(func.max(each).label(f"passes_{n}") for n, each in enumerate(passes)))
        .outerjoin_from(drawn, objects, objects.c.image_id == image_id)
        .group_by(image_id)
        .subquery()
    )
    last, *passed = each_image.c
    totals = (func.coalesce(func.sum(each), 0) for each in passed)
    return select(func.count(), func.max(last), *totals).select_from(each_image)


def _of(
    known: Mapping[str, ColumnElement[bool]], conditions: Conditions
) -> list[ColumnElement[bool]]:
    return [condition for name, condition in known.items() if name in conditions]
