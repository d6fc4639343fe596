"""A store."""

from datetime import UTC, datetime

from shared.digests import image_digest
from shared.errors import ObjectGone, Reason, Rejected, TransientError
from shared.records import ObjectBytes, ObjectRef, ObjectStat


class FakeStore:
    """An `ObjectStore` in a dict."""

    def __init__(self) -> None:
        self.data: dict[ObjectRef, bytes] = {}
        self.broken: TransientError | None = None

    def stat(self, ref):
        return self.read(ref, 2**31).stat

    def read(self, ref, max_bytes):
        if self.broken:
            raise self.broken
        if ref not in self.data:
            raise ObjectGone(ref.key)
        data = self.data[ref]
        if len(data) > max_bytes:
            raise Rejected(Reason.TOO_MANY_BYTES, "too large")
        stat = ObjectStat(ref, len(data), image_digest(data), datetime(2026, 1, 1, tzinfo=UTC))
        return ObjectBytes(stat, data, image_digest(data))

    def buckets(self):
        if self.broken:
            raise self.broken
        return sorted({ref.bucket for ref in self.data})

    def list(self, bucket, prefix=""):
        refs = sorted(r for r in self.data if r.bucket == bucket and r.key.startswith(prefix))
        return iter([self.stat(ref) for ref in refs])
