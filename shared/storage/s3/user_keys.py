"""The user's own identifier as a header: `x-amz-meta-key`.

S3 metadata is ASCII, and what is not travels as RFC 2047 encoded words. So S3 and MinIO answer,
whatever the upload's tool has sent (`mc` and rclone send UTF-8, boto3 and minio-py refuse).
"""

import base64
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header

HEADER = "x-amz-meta-key"
# Spaces that a signature would not cover, and what would be taken for an encoded word.
_DELICATE = re.compile(r"[^\x20-\x7e]|^ | $|  |=\?")


def encode_user_key(user_key: str) -> str:
    """Write a user key as a header's value.

    Raises:
        UnicodeEncodeError: it is not Unicode text.
    """
    if not _DELICATE.search(user_key):
        return user_key
    return f"=?utf-8?b?{base64.b64encode(user_key.encode()).decode()}?="


def decode_user_key(value: bytes) -> str:
    """Read a header's value; what was not encoded well is returned as it is."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text = value.decode("latin-1")
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, LookupError, ValueError):
        return text
