"""The kinds of values that parameters have, and how each is written."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, WithJsonSchema

from search_api.cursors import ObjectCursor, SearchCursor, read_object_cursor, read_search_cursor
from shared.images.boxes import Box
from shared.images.formats import MEDIA_TYPES
from shared.images.views import WAYS, Way

WHOLE = Box(0, 0, 1, 1)

THUMBNAIL_SIZES = (16, 32, 64, 128, 192, 256, 384, 512, 768, 1024)
"""Few, so that a picture is re-encoded a few times at most, whatever is asked."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def _no_bool(value: Any) -> Any:  # noqa: ANN401 - whatever JSON held
    """Refuse `true`, which pydantic would take for 1."""
    if isinstance(value, bool):
        raise ValueError("Input should be a number")  # noqa: TRY004 - pydantic wants ValueError
    return value


def _box(value: Any) -> Box | None:  # noqa: ANN401 - whatever JSON held
    """Read `x,y,w,h`, or JSON's list of the four; the whole picture is no box."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    try:
        box = Box.parse(text)
    except ValueError:
        raise ValueError("should be x,y,w,h within 0 and 1 of the picture") from None
    return None if box == WHOLE else box


def _search_word(value: Any) -> SearchCursor:  # noqa: ANN401 - whatever JSON held
    try:
        return read_search_cursor(str(value))
    except ValueError:
        raise ValueError("this is no cursor of a search") from None


def _object_word(value: Any) -> ObjectCursor:  # noqa: ANN401 - whatever the query held
    try:
        return read_object_cursor(str(value))
    except ValueError:
        raise ValueError("this is no cursor of a list") from None


def _has_bytes(value: str) -> str:
    """Refuse what no name can be: half a surrogate pair."""
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise ValueError("this is no Unicode") from None
    return value


def _format(value: Any) -> str:  # noqa: ANN401 - whatever JSON held
    if (name := str(value).upper()) not in MEDIA_TYPES:
        raise ValueError(f"should be one of {', '.join(MEDIA_TYPES)}")
    return name


def _ways(value: Any) -> tuple[Way, ...]:  # noqa: ANN401 - whatever JSON held
    """Read ways to look, several words or one with commas between; `whole` adds none."""
    words = [value] if isinstance(value, str) else [*value]
    asked = {word.strip() for each in words for word in str(each).split(",")} - {"", "whole"}
    if not asked <= {*WAYS}:
        raise ValueError(f"should be among {', '.join(WAYS)}")
    return tuple(way for way in WAYS if way in asked)


def _moment(value: Any) -> datetime:  # noqa: ANN401 - whatever JSON held
    """Read a moment as RFC 3339 writes it; its zone is part of it."""
    text = str(value).upper()
    written_so = _MOMENT.fullmatch(text) is not None  # fromisoformat alone takes a good deal more
    try:
        return datetime.fromisoformat(text if written_so else "").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("should be like 2026-01-31T12:00:00Z") from None


def _made(size: int) -> int:
    """Give the largest size that is made and not above what was asked for."""
    return max(made for made in THUMBNAIL_SIZES if made <= size)


def _in_order(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


Limit = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_no_bool)]
Pixels = Annotated[int, Field(ge=1, le=2**31 - 1), BeforeValidator(_no_bool)]
ThumbnailSize = Annotated[
    int,
    Field(ge=THUMBNAIL_SIZES[0], le=THUMBNAIL_SIZES[-1]),
    BeforeValidator(_no_bool),
    AfterValidator(_made),
]
Text = Annotated[str, AfterValidator(_has_bytes)]
Texts = Annotated[tuple[Text, ...], AfterValidator(_in_order)]
Formats = Annotated[
    tuple[
        Annotated[
            str,
            PlainValidator(_format),
            WithJsonSchema({"type": "string", "enum": [*MEDIA_TYPES]}),
        ],
        ...,
    ],
    AfterValidator(_in_order),
]
Moment = Annotated[
    datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
Ways = Annotated[
    tuple[Way, ...],
    PlainValidator(_ways),
    WithJsonSchema({"type": "array", "items": {"type": "string", "enum": [*WAYS]}}),
]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(_no_bool)]
BoxWord = Annotated[Box | None, PlainValidator(_box), WithJsonSchema({"type": "string"})]
SearchWord = Annotated[
    SearchCursor | None, PlainValidator(_search_word), WithJsonSchema({"type": "string"})
]
ObjectWord = Annotated[
    ObjectCursor | None, PlainValidator(_object_word), WithJsonSchema({"type": "string"})
]
