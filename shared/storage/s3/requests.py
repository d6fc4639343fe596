"""Signed requests without a body: how the store is read."""

from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import SplitResult, quote

from minio.credentials.credentials import Credentials
from minio.signer import sign_v4_s3

from shared.storage.s3.address import Address, path_of
from shared.storage.s3.connections import SMALL, Connections, Reply
from shared.storage.s3.faults import Refusal, refusal_in

_NOTHING = sha256(b"").hexdigest()
_HEAD_CODE, _HEAD_MESSAGE = b"x-minio-error-code", b"x-minio-error-desc"


class Requests:
    """Requests to one store, signed. Blocks; thread-safe."""

    def __init__(self, address: Address, credentials: Credentials) -> None:
        self._address = address
        self._credentials = credentials
        self._connections = Connections(address)

    def head(self, bucket: str, key: str | None = None) -> Reply | Refusal:
        """Ask for the state of an object or a bucket.

        A HEAD that is refused has no body to say why, and a missing bucket must not look like a
        missing object. MinIO tells in a header; elsewhere a GET is asked for the reason, and taken
        for the answer should it succeed.

        Raises:
            TransientError: the store does not answer.
        """
        reply = self._exchange("HEAD", bucket, key, {}, most=0)
        if reply.status == 200:
            return reply
        if code := reply.text(_HEAD_CODE):
            return Refusal(reply.status, code, reply.text(_HEAD_MESSAGE).strip('"'))
        return self.get(bucket, key, most=0)

    def get(
        self,
        bucket: str,
        key: str | None = None,
        query: dict[str, str] | None = None,
        *,
        most: int = SMALL,
    ) -> Reply | Refusal:
        """Read an object, or ask something of a bucket; the body is not whole if over `most`.

        Raises:
            TransientError: the store does not answer, or stopped in the middle.
        """
        reply = self._exchange("GET", bucket, key, query or {}, most=most)
        return reply if reply.status == 200 else _refusal(reply)

    def delete(self, bucket: str, key: str) -> Refusal | None:
        """Delete an object; it need not be there.

        Raises:
            TransientError: the store does not answer.
        """
        reply = self._exchange("DELETE", bucket, key, {}, most=SMALL)
        return None if reply.status in {200, 204} else _refusal(reply)

    def _exchange(
        self, method: str, bucket: str, key: str | None, query: dict[str, str], *, most: int
    ) -> Reply:
        path = path_of(bucket, key)
        asked = "&".join(f"{name}={quote(value, safe='~')}" for name, value in query.items())
        now = datetime.now(UTC)
        headers = sign_v4_s3(
            method=method,
            url=SplitResult(self._address.scheme, self._address.netloc, path, asked, ""),
            region=self._address.region,
            headers={
                "Host": self._address.netloc,
                "User-Agent": "seenit",
                "x-amz-content-sha256": _NOTHING,
                "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"),
            },
            credentials=self._credentials,
            content_sha256=_NOTHING,
            date=now,
        )
        target = f"{path}?{asked}" if asked else path
        lines = [f"{method} {target} HTTP/1.1", *(f"{n}: {v}" for n, v in headers.items()), "\r\n"]
        request = "\r\n".join(lines).encode()
        return self._connections.exchange(request, body=method != "HEAD", most=most)


def _refusal(reply: Reply) -> Refusal:
    return refusal_in(reply.status, reply.body, reply.text(b"retry-after"))
