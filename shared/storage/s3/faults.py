"""What an S3 store's refusals mean. No I/O.

An object is gone only where the store says so of the object itself. A bucket that is not there,
credentials that are refused, a store that is busy: all that may be mended, so it is waited for.
Were it taken for an answer, one wrong key or an unmounted disk would empty the catalog or reject
the world. An object that is denied to credentials which may list it is a policy's doing: waiting
for that would hold up all that come behind it.
"""

import re
from dataclasses import dataclass
from html import unescape

from shared.errors import ConfigurationError, ObjectGone, Reason, Rejected, TransientError
from shared.records import ObjectRef

GONE = {"NoSuchKey", "NoSuchVersion"}
NO_SUCH_BUCKET = "NoSuchBucket"
NEVER_A_KEY = {
    "KeyTooLongError",
    "InvalidURI",
    "XMinioInvalidObjectName",
    "XMinioInvalidResourceName",
    "XMinioObjectExistsAsDirectory",
    "XMinioParentIsObject",
}
"""This store can hold no such key, or not beside what it holds."""
ARCHIVED = "InvalidObjectState"
DENIED = "AccessDenied"
CREDENTIALS = {
    DENIED: "SEENIT_S3_ACCESS_KEY",
    "AuthorizationHeaderMalformed": "SEENIT_STORAGE_URL",  # another region
    "InvalidAccessKeyId": "SEENIT_S3_ACCESS_KEY",
    "PermanentRedirect": "SEENIT_STORAGE_URL",  # the same
    "SignatureDoesNotMatch": "SEENIT_S3_SECRET_KEY",
}
"""Refusals that waiting does not mend, and the settings at fault."""
_TAG = re.compile(rb"<(Code|Message)>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the store refused.

    Attributes:
        code: S3's word for it; empty where it gave none.
        retry_after: seconds.
    """

    status: int
    code: str = ""
    message: str = ""
    retry_after: float = 5.0

    @property
    def is_encrypted(self) -> bool:
        """Whether the object's key is with whoever put it there (SSE-C)."""
        return self.code == "InvalidRequest" and "Encryption" in self.message

    @property
    def is_unreadable(self) -> bool:
        """Whether an object that is listed can never be read as it is."""
        return self.is_encrypted or self.code in {ARCHIVED, DENIED}

    def __str__(self) -> str:
        return f"{self.code or self.status}: {self.message or 'no reason given'}"

    def of_object(self, ref: ObjectRef) -> Exception:
        """Say what it means for a call about an object; one that is denied has to be listed."""
        if self.code in GONE or self.code in NEVER_A_KEY:
            return ObjectGone(f"{ref.bucket}/{ref.key}")
        if self.is_unreadable:
            return Rejected(Reason.UNREADABLE, str(self))
        return self.of_bucket(ref.bucket)

    def of_bucket(self, bucket: str) -> TransientError:
        """Say what it means for any other call."""
        if self.code == NO_SUCH_BUCKET:
            detail = f"there is no bucket {bucket}; `seenit setup` makes it"
            return TransientError("store", detail)
        return TransientError("store", str(self), self.retry_after)

    def of_opening(self, bucket: str) -> Exception:
        """Say what it means before anything has worked: then it is the settings' fault."""
        if self.code == NO_SUCH_BUCKET:
            problem = f"there is no bucket {bucket}; `seenit setup` makes it"
            return ConfigurationError("SEENIT_BUCKETS", problem)
        if self.code in CREDENTIALS:
            problem = f"the store refused bucket {bucket} ({self})"
            return ConfigurationError(CREDENTIALS[self.code], problem)
        return self.of_bucket(bucket)


def refusal_in(status: int, body: bytes, retry_after: str = "") -> Refusal:
    """Read an S3 error document; what is none gives a refusal without a code."""
    found = {
        name.decode(): unescape(text.decode("utf-8", "replace"))
        for name, text in _TAG.findall(body)
    }
    seconds = float(retry_after) if retry_after.isdigit() else 5.0
    return Refusal(status, found.get("Code", ""), found.get("Message", ""), seconds)
