"""The parameters of each call; pydantic checks them, and the OpenAPI document is made of them."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    model_validator,
)

from search_api.cursors import (
    SearchCursor,
    read_object_cursor,
    read_search_cursor,
)
from search_api.problems import out_of_range
from shared.errors import Reason
from shared.images.decoding import Box
from shared.records import ObjectFilter, ObjectRef, ObjectState

WHOLE = Box(0, 0, 1, 1)


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


def _object_word(value: Any) -> ObjectRef:  # noqa: ANN401 - whatever the query held
    try:
        return read_object_cursor(str(value))
    except ValueError:
        raise ValueError("this is no cursor of a list") from None


Limit = Annotated[int, Field(ge=1, le=1000), BeforeValidator(_no_bool)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), BeforeValidator(_no_bool)]


class Parameters(BaseModel):
    """Parameters of any call; unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Self:
        """Validate.

        Raises:
            Problem: 422, naming the parameter.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise out_of_range(error) from None

    @classmethod
    def names(cls) -> Iterable[str]:
        """Name the parameters."""
        return cls.model_fields.keys()


class SearchParameters(Parameters):
    """Which look-alikes to answer."""

    limit: Limit = Field(10, description="The most hits in one reply.")
    cursor: Annotated[
        SearchCursor | None, PlainValidator(_search_word), WithJsonSchema({"type": "string"})
    ] = Field(None, description="`next_cursor` of the reply before.")
    min_similarity: Share = Field(0.0, description="The least similarity of a hit.")
    bucket: tuple[str, ...] = Field((), description="Only objects in these buckets (repeatable).")
    prefix: str = Field("", description="Only objects whose key starts with this.")
    box: Annotated[Box | None, PlainValidator(_box), WithJsonSchema({"type": "string"})] = Field(
        None,
        description="`x,y,w,h` in 0-1 of the picture as seen: look for this part of it.",
        examples=["0.25,0.25,0.5,0.5"],
    )

    @property
    def where(self) -> ObjectFilter:
        """Which objects count."""
        return ObjectFilter(tuple(sorted(set(self.bucket))), self.prefix)


class RejectionParameters(Parameters):
    """Which rejections to count."""

    bucket: str | None = Field(None, description="Only this bucket.")
    prefix: str = Field("", description="Only keys that start with this.")


class ListParameters(Parameters):
    """Which stored objects to list."""

    bucket: str | None = Field(None, description="Only this bucket.")
    prefix: str = Field("", description="Only keys that start with this.")
    state: ObjectState | None = Field(None, description="Only objects of this state.")
    reason: Reason | None = Field(None, description="Only objects rejected for this reason.")
    delimiter: Literal["/"] | None = Field(
        None,
        description="Keys with a slash behind the prefix come as one folder each, in `prefixes`; "
        "needs a `bucket`, and no `reason`.",
    )
    limit: Limit = Field(100, description="The most objects in one page.")
    cursor: Annotated[
        ObjectRef | None, PlainValidator(_object_word), WithJsonSchema({"type": "string"})
    ] = Field(None, description="`next_cursor` of the page before.")

    @model_validator(mode="after")
    def _one_level_of_one_bucket(self) -> Self:
        if self.delimiter:
            if self.bucket is None or self.reason is not None:
                raise ValueError("delimiter needs a bucket, and no reason")
            if self.cursor is not None and self.cursor.bucket != self.bucket:
                raise ValueError("cursor is of another bucket")
        return self


THUMBNAIL_SIZES = (16, 32, 64, 128, 256, 384, 512, 768, 1024)
"""Few, so that a picture is re-encoded a few times at most, whatever is asked."""


class ThumbnailParameters(Parameters):
    """How large a thumbnail."""

    size: Annotated[int, Field(ge=16, le=1024)] = Field(
        256,
        description="The longer side, in pixels, at most; the next smaller of "
        f"{', '.join(map(str, THUMBNAIL_SIZES))} is made.",
    )

    @property
    def step(self) -> int:
        """The largest size that is made and not above `size`."""
        return max(size for size in THUMBNAIL_SIZES if size <= self.size)
