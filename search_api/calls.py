"""Every call the API takes, as its documents describe it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from search_api.guard import is_open
from search_api.parameters import (
    ListParameters,
    Parameters,
    ReadyParameters,
    RejectionParameters,
    SearchParameters,
    ThumbnailParameters,
)
from search_api.schemas import (
    BucketsReply,
    HealthReply,
    ImageReply,
    ObjectEntry,
    ObjectPage,
    RejectionsReply,
    Reply,
    SearchReply,
    StatsReply,
)


@dataclass(frozen=True, slots=True)
class Call:
    """One method on one path.

    Attributes:
        reply: the model of its JSON; None where it answers `media_type` instead, or, where
            that is empty, nothing (204).
        inputs: what the query string may name beside `parameters`.
        problems: the statuses it may refuse with, beside those of all that is guarded.
    """

    name: str
    method: str
    path: str
    summary: str
    reply: type[Reply] | None = None
    media_type: str = "application/json"
    parameters: type[Parameters] | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    takes_body: bool = False
    problems: tuple[int, ...] = ()

    @property
    def guarded(self) -> bool:
        """Whether it asks for a token, where any is set, and counts towards a rate."""
        return not is_open(self.path)

    @property
    def refusals(self) -> tuple[int, ...]:
        """Every status it may refuse with."""
        crowded = (400,) if self.parameters else ()  # a query string of too many fields
        return tuple(sorted({*self.problems, *crowded, *((401, 429) if self.guarded else ())}))

    @property
    def path_parameters(self) -> list[str]:
        """The names in braces."""
        return re.findall(r"{(\w+)}", self.path)


LINK = {
    "image_id": "Search for this known image.",
    "key": "Search for the image of this object; `bucket` names its bucket.",
    "url": "Search for the picture at this address; off unless the operator allows it.",
}

CALLS = (
    Call(
        "search",
        "POST",
        "/v1/search",
        "Search for a picture that is sent or has a name.",
        SearchReply,
        parameters=SearchParameters,
        takes_body=True,
        problems=(400, 404, 408, 413, 415, 422, 502, 503, 504),
    ),
    Call(
        "search_link",
        "GET",
        "/v1/search",
        "Search for a picture that has a name, as a link to share.",
        SearchReply,
        parameters=SearchParameters,
        inputs=LINK,
        problems=(400, 404, 413, 415, 422, 502, 503, 504),
    ),
    Call(
        "image",
        "GET",
        "/v1/images/{image_id}",
        "An image's facts and its objects.",
        ImageReply,
        problems=(404, 503),
    ),
    Call(
        "similar",
        "GET",
        "/v1/images/{image_id}/similar",
        "An image's look-alikes, itself left out.",
        SearchReply,
        parameters=SearchParameters,
        problems=(400, 404, 422, 503),
    ),
    Call(
        "thumbnail",
        "GET",
        "/v1/images/{image_id}/thumbnail",
        "The picture, small, re-encoded.",
        media_type="image/webp",
        parameters=ThumbnailParameters,
        problems=(404, 422, 503),
    ),
    Call(
        "objects",
        "GET",
        "/v1/objects",
        "What is stored, page by page, in key order.",
        ObjectPage,
        parameters=ListParameters,
        problems=(422, 503),
    ),
    Call(
        "object",
        "GET",
        "/v1/objects/{bucket}/{key}",
        "What became of one object; slashes in the key may stand as they are.",
        ObjectEntry,
        problems=(400, 404, 503),
    ),
    Call(
        "content",
        "GET",
        "/v1/content/{bucket}/{key}",
        "An object's picture, as it was stored.",
        media_type="image/*",
        problems=(400, 404, 503),
    ),
    Call(
        "buckets",
        "GET",
        "/v1/buckets",
        "How many objects each bucket holds.",
        BucketsReply,
        problems=(503,),
    ),
    Call(
        "rejections",
        "GET",
        "/v1/rejections",
        "Why objects were rejected, counted; `/v1/objects?reason=` lists them.",
        RejectionsReply,
        parameters=RejectionParameters,
        problems=(422, 503),
    ),
    Call("stats", "GET", "/v1/stats", "Totals.", StatsReply, problems=(503,)),
    Call(
        "sign_in",
        "POST",
        "/v1/session",
        "A cookie for the token in the header: what a browser needs to load pictures.",
        media_type="",
    ),
    Call("sign_out", "DELETE", "/v1/session", "Ends it.", media_type=""),
    Call("livez", "GET", "/livez", "Whether the process lives.", HealthReply),
    Call(
        "readyz",
        "GET",
        "/readyz",
        "Whether searches can be answered now; 503 names what is missing.",
        HealthReply,
        parameters=ReadyParameters,
        problems=(422, 503),
    ),
    Call("metrics", "GET", "/metrics", "Figures for Prometheus.", media_type="text/plain"),
)
