"""What a search asks: exactly one picture, named or sent, and the parameters. Pure."""

import base64
import binascii
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from search_api.fields import REPEATABLE, Fields, malformed
from search_api.parameters import SearchParameters
from search_api.problems import Problem
from shared.records import ObjectRef

INPUTS = ("image", "url", "base64", "image_id", "object")
LINKED = ("url", "image_id")
"""Inputs that a query string may name, beside `bucket` and `key`."""

IMAGE_ID = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageId:
    """An image that is asked for by its name."""

    image_id: str


Source = bytes | ImageId | ObjectRef


@dataclass(frozen=True, slots=True)
class Asked:
    """One search, checked."""

    source: Source
    parameters: SearchParameters


@dataclass(frozen=True, slots=True)
class AskedByUrl:
    """One search, checked but for its URL; the picture there is to be fetched first."""

    url: str
    parameters: SearchParameters


def linked_fields(query: Fields) -> Fields:
    """Keep of a query string what a search knows; `key` with the first `bucket` is an object."""
    known = {*SearchParameters.names(), *LINKED}
    fields = {name: list(values) for name, values in query.items() if name in known}
    if keys := query.get("key"):
        buckets = fields.pop("bucket", [])
        if not buckets:
            raise malformed("`key` needs its `bucket`")
        fields["object"] = [{"bucket": buckets[0], "key": key} for key in keys]
        fields["bucket"] = buckets[1:]
    return fields


def together(query: Fields, body: Fields) -> Fields:
    """Join the fields of the query string and of the body."""
    return {name: [*query.get(name, ()), *body.get(name, ())] for name in {**query, **body}}


def read_search(fields: Fields) -> Asked | AskedByUrl:
    """Check a search.

    Raises:
        Problem: 400 for no input, two, or a malformed one; 404 for a name that no image can have;
            422 for a parameter out of range.
    """
    given = [(name, value) for name in INPUTS for value in fields.get(name, ())]
    if len(given) != 1:
        found = "none was given" if not given else f"{len(given)} were given"
        raise malformed(f"give exactly one of {', '.join(INPUTS)}: {found}")
    ((name, value),) = given
    if name == "url" and isinstance(value, str):
        return AskedByUrl(value, read_parameters(fields))
    source = _source(name, value)
    return Asked(source, read_parameters(fields))


def read_parameters(fields: Fields) -> SearchParameters:
    """Check a search's parameters alone.

    Raises:
        Problem: 400 for one given twice, 422 for one out of range.
    """
    values: dict[str, Any] = {}
    for name in fields.keys() - set(INPUTS):
        if name in REPEATABLE:
            values[name] = fields[name]
        elif len(fields[name]) > 1:
            raise malformed(f"`{name}` was given twice")
        else:
            values[name] = fields[name][0]
    return SearchParameters.check(values)


def _source(name: str, value: Any) -> Source:  # noqa: ANN401 - whatever JSON held
    if name == "image" and isinstance(value, bytes):
        return value
    if name == "object":
        return _object(value)
    if not isinstance(value, str) or name == "image":
        raise malformed(f"`{name}` is of the wrong kind")
    return decode_base64(value) if name == "base64" else image_named(value)


def image_named(name: str) -> ImageId:
    """Check an image's name; some tools write digests in capitals.

    Raises:
        Problem: 404, no image can have it.
    """
    image_id = name.lower()
    if not IMAGE_ID.fullmatch(image_id):
        raise Problem(HTTPStatus.NOT_FOUND, "no such image")
    return ImageId(image_id)


def decode_base64(text: str) -> bytes:
    """Decode base64, alone or in a data URI; white space between is allowed.

    Raises:
        Problem: 400, it is none.
    """
    if text[:5].lower() == "data:":
        head, comma, text = text.partition(",")
        if not comma or not head.lower().endswith(";base64"):
            raise malformed("`base64`: the data URI holds no base64")
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise malformed("`base64` is malformed") from None


def _object(value: Any) -> ObjectRef:  # noqa: ANN401 - whatever JSON held
    match value:
        case {"bucket": str(bucket), "key": str(key), **rest} if bucket and key and not rest:
            return object_named(bucket, key)
    raise malformed('`object` is {"bucket": …, "key": …}')


def object_named(bucket: str, key: str) -> ObjectRef:
    """Name an object.

    Raises:
        Problem: 400, the name is no text that has bytes.
    """
    ref = ObjectRef(bucket, key)
    try:
        _ = ref.object_id
    except UnicodeEncodeError:
        raise malformed("the object's name is no Unicode") from None
    return ref
