"""Opaque words that say where the next page begins. Pure."""

import binascii
from base64 import b64decode, urlsafe_b64encode
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter

from shared.records import ObjectRef


class SearchCursor(NamedTuple):
    """The last hit of a page.

    Attributes:
        similarity: 0 to 1.
        depth: how many images stand up to and with it; where the next search of the index starts.
    """

    similarity: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
    image_id: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    depth: Annotated[int, Field(ge=0, le=2**31)]


_search_cursor = TypeAdapter(SearchCursor)


def write_search_cursor(cursor: SearchCursor) -> str:
    """Make the word that `read_search_cursor` reads."""
    return _encode(_search_cursor.dump_json(cursor))


def read_search_cursor(word: str) -> SearchCursor:
    """Read a cursor.

    Raises:
        ValueError: this word never came from here.
    """
    return _search_cursor.validate_json(_decode(word))


def write_object_cursor(ref: ObjectRef) -> str:
    """Make the word that `read_object_cursor` reads."""
    return _encode(ref.bucket.encode("utf-8", "surrogateescape") + b"\0" + ref.key_bytes)


def read_object_cursor(word: str) -> ObjectRef:
    """Read a cursor.

    Raises:
        ValueError: this word never came from here.
    """
    bucket, nul, key = _decode(word).partition(b"\0")
    if not nul:
        raise ValueError("it names no object")
    return ObjectRef(
        bucket.decode("utf-8", "surrogateescape"), key.decode("utf-8", "surrogateescape")
    )


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _decode(word: str) -> bytes:
    try:
        return b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not a cursor") from error
