"""Addresses under which anyone may read an object for a while. No I/O."""

from datetime import UTC, datetime
from urllib.parse import SplitResult

from minio.credentials.credentials import Credentials
from minio.signer import presign_v4

from shared.records import ObjectRef
from shared.storage.s3.address import Address, path_of

LASTS_S = 300


class Links:
    """Makes presigned addresses."""

    def __init__(self, address: Address, credentials: Credentials) -> None:
        """Take the address under which browsers reach the store."""
        self._address = address
        self._credentials = credentials

    def presigned(self, ref: ObjectRef, seconds: int = LASTS_S) -> str:
        """Return an address that answers GET for so many seconds."""
        path = path_of(ref.bucket, ref.key)
        url = presign_v4(
            method="GET",
            url=SplitResult(self._address.scheme, self._address.netloc, path, "", ""),
            region=self._address.region,
            credentials=self._credentials,
            date=datetime.now(UTC),
            expires=seconds,
        )
        return url.geturl()
