"""Opaque words that say where the next page begins, and of what. Pure."""

import binascii
import hashlib
import json
import struct
from base64 import b64decode, urlsafe_b64encode
from typing import NamedTuple

from shared.records import ObjectRef

MILLIONTHS = 10**6
"""A similarity travels as a whole number of these; it has no more digits."""

_SEARCH, _LIST = b"s", b"l"
_BINDING = 8
_PLACE = struct.Struct(">II32s")


class SearchCursor(NamedTuple):
    """The last hit of a page.

    Attributes:
        binding: of the search whose page it was.
        similarity: 0 to 1, in whole millionths.
        depth: how many images stand up to and with it; where the next search of the index starts.
    """

    binding: bytes
    similarity: float
    image_id: str
    depth: int


class ObjectCursor(NamedTuple):
    """The last object of a page.

    Attributes:
        binding: of the list whose page it was.
    """

    binding: bytes
    ref: ObjectRef


def binding(*asked: object) -> bytes:
    """Digest what was asked, so that a cursor of one question is refused by another: 8 bytes."""
    text = json.dumps(asked, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).digest()[:_BINDING]


def write_search_cursor(cursor: SearchCursor) -> str:
    """Make the word that `read_search_cursor` reads."""
    place = round(cursor.similarity * MILLIONTHS), cursor.depth, bytes.fromhex(cursor.image_id)
    return _encode(_SEARCH + cursor.binding + _PLACE.pack(*place))


def read_search_cursor(word: str) -> SearchCursor:
    """Read a cursor.

    Raises:
        ValueError: this word never came from here.
    """
    bound, place = _parts(word, _SEARCH)
    if len(place) != _PLACE.size:
        raise ValueError("not of a cursor's length")
    similarity, depth, image_id = _PLACE.unpack(place)
    if similarity > MILLIONTHS:
        raise ValueError("more similar than can be")
    return SearchCursor(bound, similarity / MILLIONTHS, image_id.hex(), depth)


def write_object_cursor(cursor: ObjectCursor) -> str:
    """Make the word that `read_object_cursor` reads."""
    bucket = cursor.ref.bucket.encode("utf-8", "surrogateescape")
    return _encode(_LIST + cursor.binding + bucket + b"\0" + cursor.ref.key_bytes)


def read_object_cursor(word: str) -> ObjectCursor:
    """Read a cursor.

    Raises:
        ValueError: this word never came from here.
    """
    bound, place = _parts(word, _LIST)
    bucket, nul, key = place.partition(b"\0")
    if not nul:
        raise ValueError("it names no object")
    ref = ObjectRef(
        bucket.decode("utf-8", "surrogateescape"), key.decode("utf-8", "surrogateescape")
    )
    return ObjectCursor(bound, ref)


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def _parts(word: str, kind: bytes) -> tuple[bytes, bytes]:
    try:
        data = b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not a cursor") from error
    bound, place = data[1 : 1 + _BINDING], data[1 + _BINDING :]
    if data[:1] != kind or len(bound) != _BINDING:
        raise ValueError("a cursor of something else")
    return bound, place
