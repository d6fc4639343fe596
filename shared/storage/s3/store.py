"""An S3 store as an object store."""

import mimetypes
from collections.abc import Collection, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import BinaryIO

from minio.credentials.credentials import Credentials

from shared.errors import ConfigurationError, ObjectGone, Reason, Rejected, TransientError
from shared.records import ObjectBytes, ObjectRef, ObjectStat
from shared.storage.keys import is_plain, is_text, refuse_bad_key
from shared.storage.s3.address import Address
from shared.storage.s3.connections import Reply
from shared.storage.s3.faults import DENIED, NEVER_A_KEY, Refusal
from shared.storage.s3.listing import in_order, parse_page, query_for
from shared.storage.s3.requests import Requests
from shared.storage.s3.uploads import Uploads
from shared.storage.s3.user_keys import HEADER, decode_user_key


class S3Store:
    """Protocols ObjectStore and ObjectWriter over S3, and MinIO above all.

    Only the configured buckets exist here. Objects are swapped whole, and headers and body of one
    answer are of one state, so nothing is ever seen half-written (`ObjectChanging` is not raised).
    A zero-byte `folder/`, as tools make them to show a folder, is no object. A listing tells no
    `user_key` and no version: S3's own does not. `/a`, `a//b`, `./a` and the like can be read where
    the store lists them (MinIO has none), but are not put: MinIO takes `/a` for `a`. Beside an
    object `a` MinIO keeps an object `a/b` too, but does not list it.

    Refused credentials and a missing bucket are waited for, like any trouble, since an operator may
    be changing them just now; `check` tells them apart when the store is opened. An object that
    they may list and not read is rejected: a policy keeps it from us.
    """

    def __init__(
        self, address: Address, credentials: Credentials, buckets: Collection[str]
    ) -> None:
        self._buckets = frozenset(buckets)
        self._requests = Requests(address, credentials)
        self._uploads = Uploads(address, credentials)

    def check(self) -> None:
        """Ask for each bucket once.

        Raises:
            ConfigurationError: one is not there, or the keys are refused.
            TransientError: the store does not answer.
        """
        for bucket in sorted(self._buckets):
            answer = self._requests.head(bucket)
            if isinstance(answer, Refusal):
                raise answer.of_opening(bucket)

    def stat(self, ref: ObjectRef) -> ObjectStat:
        """Tell an object's present state by a HEAD; see ObjectStore."""
        self._require_possible(ref)
        answer = self._requests.head(ref.bucket, ref.key)
        if isinstance(answer, Reply):
            return _stat(ref, answer, answer.length)
        if answer.is_unreadable:  # there, but HEAD tells nothing of it
            if listed := self._listed(ref):
                return listed
            raise ObjectGone(f"{ref.bucket}/{ref.key}")
        raise answer.of_object(ref)

    def read(self, ref: ObjectRef, max_bytes: int) -> ObjectBytes:
        """Read an object whole by one GET, whose headers are its state; see ObjectStore.

        Raises:
            TransientError: not all of it arrived.
        """
        self._require_possible(ref)
        answer = self._requests.get(ref.bucket, ref.key, most=max_bytes)
        if isinstance(answer, Refusal):
            if answer.code == DENIED and not self._listed(ref):
                raise ObjectGone(f"{ref.bucket}/{ref.key}")
            raise answer.of_object(ref)
        size = answer.arrived if answer.length is None else answer.length
        if not answer.whole or size > max_bytes:
            detail = f"{size} bytes are more than {max_bytes}"
            raise Rejected(Reason.TOO_MANY_BYTES, detail)
        return ObjectBytes(_stat(ref, answer, size), answer.body, answer.digest)

    def buckets(self) -> list[str]:
        """Name the configured buckets, all of which are there; see ObjectStore.

        Raises:
            TransientError: the store does not answer, or one of them is not there.
        """
        for bucket in self._buckets:
            answer = self._requests.head(bucket)
            if isinstance(answer, Refusal):
                raise answer.of_bucket(bucket)
        return sorted(self._buckets)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        """List a bucket, one page of a thousand in memory; see ObjectStore."""
        if bucket not in self._buckets or not is_text(ObjectRef(bucket, prefix)):
            return
        # MinIO refuses a prefix that ends in a part `.` or `..`, though `.hidden` begins with it.
        folder, slash, name = prefix.rpartition("/")
        asked = folder + slash if name.strip() in {".", ".."} else prefix
        for stat in in_order(self._entries(bucket, asked)):
            if stat.ref.key.startswith(prefix) and not _is_folder(stat):
                yield stat

    def put(self, ref: ObjectRef, source: BinaryIO, user_key: str | None = None) -> None:
        """Upload an object, in parts where it is large; see ObjectWriter.

        Raises:
            ConfigurationError: no such bucket is configured, so nobody would look there, or the
                user key is refused.
            TransientError: the store does not answer, or refuses now.
        """
        refuse_bad_key(ref)
        if not is_plain(ref.key):
            raise Rejected(Reason.BAD_KEY, "a part of the name is empty, `.` or `..`")
        if ref.bucket not in self._buckets:
            raise ConfigurationError("--bucket", f"{ref.bucket} is not among SEENIT_BUCKETS")
        self._uploads.put(ref, source, _content_type(ref.key), user_key)

    def remove(self, ref: ObjectRef) -> bool:
        """Delete an object; see ObjectWriter."""
        try:
            self.stat(ref)
        except ObjectGone:
            return False
        refusal = self._requests.delete(ref.bucket, ref.key)
        if refusal:
            raise refusal.of_bucket(ref.bucket)
        return True

    def _require_possible(self, ref: ObjectRef) -> None:
        """Refuse what must not be asked: the empty key is the bucket, and MinIO reads `/a` as `a`.

        Raises:
            ObjectGone: there is no such object.
        """
        possible = ref.bucket in self._buckets and is_text(ref)
        if not possible or not (is_plain(ref.key) or self._listed(ref)):
            raise ObjectGone(f"{ref.bucket}/{ref.key}")

    def _listed(self, ref: ObjectRef) -> ObjectStat | None:
        """Look an object up in the listing, which names keys exactly."""
        # MinIO answers a question for one key as if it were a HEAD: not exactly.
        first = next(self._entries(ref.bucket, ref.key, most=2), None)
        return first if first and first.ref == ref and not _is_folder(first) else None

    def _entries(self, bucket: str, prefix: str, most: int | None = None) -> Iterator[ObjectStat]:
        """List whatever there is, page by page; `most` ends it after one page of so many."""
        token = None
        while True:
            query = query_for(prefix, token, most) if most else query_for(prefix, token)
            answer = self._requests.get(bucket, query=query)
            if isinstance(answer, Refusal):
                if answer.code in NEVER_A_KEY:
                    return
                raise answer.of_bucket(bucket)
            page = parse_page(bucket, answer.body)
            yield from page.stats
            token = page.token
            if token is None or most:
                return


def _stat(ref: ObjectRef, reply: Reply, size: int | None) -> ObjectStat:
    """Read an object's state from the headers of a HEAD or GET."""
    if size is None:
        raise TransientError("store", "the store does not tell an object's size")
    user_key = reply.headers.get(HEADER.encode())
    stat = ObjectStat(
        ref,
        size,
        reply.text(b"etag").strip('"'),
        parsedate_to_datetime(reply.text(b"last-modified")).astimezone(UTC),
        None if user_key is None else decode_user_key(user_key),
        reply.text(b"x-amz-version-id") or None,
    )
    if _is_folder(stat):
        raise ObjectGone(f"{ref.bucket}/{ref.key} stands for a folder")
    return stat


def _is_folder(stat: ObjectStat) -> bool:
    return stat.size == 0 and stat.ref.key.endswith("/")


def _content_type(key: str) -> str:
    return mimetypes.guess_type(key, strict=False)[0] or "application/octet-stream"
