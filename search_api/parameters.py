"""The parameters of each call; pydantic checks them, and the OpenAPI document is made of them."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request

from search_api.cursors import binding
from search_api.fields import from_query
from search_api.problems import out_of_range
from search_api.values import (
    THUMBNAIL_SIZES,
    BoxWord,
    Formats,
    Limit,
    Moment,
    ObjectWord,
    Pixels,
    SearchWord,
    Share,
    Text,
    Texts,
    ThumbnailSize,
    Ways,
)
from shared.errors import Reason
from shared.records import ObjectFilter, ObjectRef, ObjectState

_OF_ONE_PAGE = {"limit", "cursor", "preview"}
"""Parameters that the next page of a search may change."""


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
    def in_query(cls, request: Request) -> Self:
        """Validate those in a request's query string, the last of each, whatever else it holds.

        Raises:
            Problem: 400 for far too many of them; else as `check`.
        """
        query = from_query(request.scope["query_string"])
        return cls.check({name: query[name][-1] for name in cls.names() if name in query})

    @classmethod
    def names(cls) -> Iterable[str]:
        """Name the parameters."""
        return cls.model_fields.keys()

    def binding(self, *about: object) -> bytes:
        """Digest what is asked `about` something, whichever page of it; binds its cursors."""
        return binding(about, {k: v for k, v in self if k not in _OF_ONE_PAGE})


class Filters(Parameters):
    """Which objects count; every condition that is given must hold."""

    bucket: Texts = Field((), description="Only objects in these buckets (repeatable).")
    prefix: Text = Field("", description="Only objects whose key starts with this.")
    user_key: Texts = Field(
        (), description="Only objects with one of these metadata `key`s (repeatable)."
    )
    modified_after: Moment | None = Field(
        None, description="Only objects modified at this moment (RFC 3339) or later."
    )
    modified_before: Moment | None = Field(
        None, description="Only objects modified before this moment (RFC 3339)."
    )
    format: Formats = Field((), description="Only pictures of these formats (repeatable).")
    min_width: Pixels | None = Field(None, description="The least width, in pixels as seen.")
    min_height: Pixels | None = Field(None, description="The least height, in pixels as seen.")
    max_width: Pixels | None = Field(None, description="The most width, in pixels as seen.")
    max_height: Pixels | None = Field(None, description="The most height, in pixels as seen.")

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        for least, most in (
            ("min_width", "max_width"),
            ("min_height", "max_height"),
            ("modified_after", "modified_before"),
        ):
            low, high = getattr(self, least), getattr(self, most)
            if low is not None and high is not None and low > high:
                raise ValueError(f"{least} should not be above {most}")
        return self

    @property
    def where(self) -> ObjectFilter:
        """Which objects count."""
        return ObjectFilter(
            buckets=self.bucket,
            prefix=self.prefix,
            user_keys=self.user_key,
            modified_after=self.modified_after,
            modified_before=self.modified_before,
            formats=self.format,
            min_width=self.min_width,
            min_height=self.min_height,
            max_width=self.max_width,
            max_height=self.max_height,
        )


class SearchParameters(Filters):
    """Which look-alikes to answer."""

    limit: Limit = Field(10, description="The most hits in one reply.")
    cursor: SearchWord = Field(None, description="`next_cursor` of the reply before.")
    min_similarity: Share = Field(0.0, description="The least similarity of a hit.")
    box: BoxWord = Field(
        None,
        description="`x,y,w,h` in 0-1 of the picture as seen: look for this part of it.",
        examples=["0.25,0.25,0.5,0.5"],
    )
    views: Ways = Field(
        (),
        description="Beside the picture as it is, look also with the pictures found inside it "
        "(`auto`: a screenshot, a frame), mirrored (`flip`), turned by quarters (`rotate`); "
        "repeatable, or with commas between.",
    )
    preview: ThumbnailSize | None = Field(
        None,
        description="Answer the query's picture too, in `query.preview`: its longer side in "
        "pixels, at most.",
    )


class RejectionParameters(Parameters):
    """Which rejections to count."""

    bucket: Text | None = Field(None, description="Only this bucket.")
    prefix: Text = Field("", description="Only keys that start with this.")


class ListParameters(Parameters):
    """Which stored objects to list."""

    bucket: Text | None = Field(None, description="Only this bucket.")
    prefix: Text = Field("", description="Only keys that start with this.")
    state: ObjectState | None = Field(None, description="Only objects of this state.")
    reason: Reason | None = Field(None, description="Only objects rejected for this reason.")
    delimiter: Literal["/"] | None = Field(
        None,
        description="Keys with a slash behind the prefix come as one folder each, in `prefixes`; "
        "needs a `bucket`, and no `reason`.",
    )
    limit: Limit = Field(100, description="The most objects in one page.")
    cursor: ObjectWord = Field(None, description="`next_cursor` of the page before.")

    @model_validator(mode="after")
    def _one_level_of_one_bucket(self) -> Self:
        if self.delimiter and (self.bucket is None or self.reason is not None):
            raise ValueError("delimiter needs a bucket, and no reason")
        return self

    @model_validator(mode="after")
    def _same_list(self) -> Self:
        if self.cursor is not None and self.cursor.binding != self.binding():
            raise ValueError("cursor is of another list")
        return self

    @property
    def after(self) -> ObjectRef | None:
        """The last object of the page before."""
        return self.cursor and self.cursor.ref


class ThumbnailParameters(Parameters):
    """How large a thumbnail."""

    size: ThumbnailSize = Field(
        256,
        description="The longer side, in pixels, at most; the next smaller of "
        f"{', '.join(map(str, THUMBNAIL_SIZES))} is made.",
    )


class ReadyParameters(Parameters):
    """What must be there for being ready."""

    parts: Literal["all", "none"] = Field(
        "all",
        description="`none` asks whether this process takes searches, though a part may be down "
        "that all processes stand on: what a load balancer wants to know.",
    )
