"""Which keys there can be. No I/O."""

from shared.errors import Reason, Rejected
from shared.records import ObjectRef

MAX_KEY_BYTES = 1024


def refuse_bad_key(ref: ObjectRef) -> None:
    """Refuse a key that an S3 store could not hold.

    Raises:
        Rejected: with its reason.
    """
    if len(ref.key_bytes) > MAX_KEY_BYTES:
        raise Rejected(Reason.BAD_KEY, f"the name is longer than {MAX_KEY_BYTES} bytes")
    if not is_text(ref):
        raise Rejected(Reason.BAD_KEY, "the name is not UTF-8")


def is_text(ref: ObjectRef) -> bool:
    """Whether bucket and key are UTF-8."""
    try:
        ref.key_bytes.decode()
        ref.bucket.encode()
    except UnicodeError:
        return False
    return True


def is_plain(key: str) -> bool:
    """Whether a key is a plain path: no part of it is empty, `.` or `..`."""
    return not {"", ".", ".."} & set(key.split("/"))
