"""Names made of hashes: an image's by its bytes, an object's by its place."""

import hashlib


def image_digest(data: bytes | memoryview) -> str:
    """Name an image: SHA-256 of its bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def object_digest(bucket: str, key: bytes) -> bytes:
    """Name an object: SHA-256 of bucket, NUL, key; 32 bytes.

    A bucket holds no NUL, so no two places share a name; the fixed length keeps the primary key
    short where keys reach 1,024 bytes.
    """
    return hashlib.sha256(bucket.encode("utf-8", "surrogateescape") + b"\0" + key).digest()
