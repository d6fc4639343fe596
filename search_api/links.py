"""Addresses inside this API, and text that JSON can carry."""

from functools import lru_cache
from urllib.parse import quote_from_bytes

from shared.records import ObjectRef


def thumbnail_path(image_id: str) -> str:
    """Where an image's thumbnail is."""
    return f"/v1/images/{image_id}/thumbnail"


def content_path(ref: ObjectRef) -> str:
    """Where this API serves an object's bytes; the key is percent-encoded byte for byte."""
    return _bucket_path(ref.bucket) + quote_from_bytes(ref.key_bytes, safe="/")


@lru_cache(maxsize=1024)  # the same few buckets, hit after hit
def _bucket_path(bucket: str) -> str:
    return f"/v1/content/{quote_from_bytes(bucket.encode('utf-8', 'surrogateescape'), safe='')}/"


def as_text(name: str) -> str:
    r"""Show a name that may not be UTF-8: bytes that are none appear as `\xff`."""
    if name.isascii():
        return name
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
