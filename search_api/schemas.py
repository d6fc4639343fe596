"""What the API answers; the same models write the replies and the OpenAPI document."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import Reason
from shared.images.views import View
from shared.records import ObjectState

Match = Literal["exact", "near_duplicate", "similar"]


class Reply(BaseModel):
    """Anything the API answers."""

    model_config = ConfigDict(frozen=True)


class QueryFacts(Reply):
    """The picture that was asked about."""

    image_id: str = Field(description="SHA-256 of its bytes, hex.")
    width: int = Field(description="Pixels, as seen (after the EXIF orientation).")
    height: int
    known: bool = Field(description="Whether these very bytes are stored.")
    preview: str | None = Field(
        description="Its picture, if `preview` asked for it: a data URI, or where it is stored the "
        "path of a thumbnail; null where none can be made."
    )


class HitObject(Reply):
    """An object that holds a hit's image."""

    bucket: str
    key: str
    user_key: str | None = Field(description="The object's S3 metadata `key`.")
    last_modified: datetime
    url: str


class ImageReply(Reply):
    """An image's facts and the objects that hold it."""

    image_id: str
    width: int
    height: int
    format: str
    bytes: int
    thumbnail: str
    objects: list[HitObject]


class Hit(Reply):
    """One image in a search reply."""

    image_id: str
    similarity: float = Field(
        description="The cosine mapped to 0-1; 1 is said of the same bytes only."
    )
    match: Match = Field(
        description="`exact`: the same bytes; `near_duplicate`: an edit of the picture."
    )
    view: View = Field(
        description="The view of the query that is most like it: `whole`, or a picture found "
        "`inner`, or either mirrored left to right (`flipped`) and then turned clockwise."
    )
    box: str | None = Field(
        description="Which part of the query that view is of, as the parameter `box` has it: for a "
        "picture found inside; else null, all that was asked about."
    )
    width: int
    height: int
    format: str
    bytes: int
    thumbnail: str
    objects: list[HitObject] = Field(description="At most 20; `/v1/images/{image_id}` names more.")


class Thresholds(Reply):
    """What the words in `match` mean, as similarities."""

    near_duplicate: float | None = Field(
        description="The least similarity of a near duplicate; null where the model has none."
    )


class Took(Reply):
    """Milliseconds spent in each stage."""

    decode: float
    embed: float
    index: float
    catalog: float


class SearchReply(Reply):
    """Look-alikes, the most similar first."""

    query: QueryFacts
    model_id: str
    thresholds: Thresholds
    hits: list[Hit]
    next_cursor: str | None
    took_ms: Took


class ObjectEntry(Reply):
    """One stored object and what became of it."""

    bucket: str
    key: str
    state: ObjectState
    image_id: str | None = Field(description="Set when indexed.")
    reason: Reason | None = Field(description="Set when rejected.")
    detail: str | None
    bytes: int
    user_key: str | None
    last_modified: datetime
    recorded_at: datetime
    url: str | None = Field(description="Where the picture is; null when rejected.")


class PrefixEntry(Reply):
    """A folder: what the keys of its objects start with."""

    prefix: str
    image_id: str | None = Field(description="Its first object's; null when that was rejected.")


class ObjectPage(Reply):
    """Stored objects in key order; with a delimiter, one level of them."""

    objects: list[ObjectEntry]
    prefixes: list[PrefixEntry] = Field(description="Folders; none without a delimiter.")
    next_cursor: str | None


class ReasonEntry(Reply):
    """How many objects were rejected for one reason."""

    reason: Reason
    objects: int


class RejectionsReply(Reply):
    """Every reason that something was rejected for, the most frequent first."""

    reasons: list[ReasonEntry]


class BucketEntry(Reply):
    """How many objects a bucket holds."""

    bucket: str
    objects: int
    indexed: int
    rejected: int


class BucketsReply(Reply):
    """Every bucket that holds something."""

    buckets: list[BucketEntry]


class StatsReply(Reply):
    """Seenit in a few numbers."""

    objects: int
    images: int
    rejected: int
    newest: datetime | None = Field(description="When an object last became searchable.")
    now: datetime = Field(description="This server's clock, which `newest` is to be read by.")
    model_id: str
    url_search: bool = Field(description="Whether searches may name a picture by its URL.")
    progress: dict[str, int | float | str | bool | None] | None = Field(
        description="How far ingest has come, where it runs in this very process."
    )


class HealthReply(Reply):
    """Whether Seenit is well."""

    status: str


class ProblemReply(Reply):
    """Why a request was refused (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str | None = Field(None, description="The rejection's reason, for a bad picture.")
    missing: list[str] | None = Field(None, description="The parts that do not answer.")
