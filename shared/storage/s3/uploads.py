"""Uploads, by minio-py: it knows how to put large objects in parts."""

from typing import BinaryIO

import urllib3
from minio import Minio
from minio.credentials.credentials import Credentials
from minio.error import MinioException, S3Error

from shared.errors import ConfigurationError, Reason, Rejected, TransientError
from shared.records import ObjectRef
from shared.storage.s3.address import Address
from shared.storage.s3.connections import CONNECT_S
from shared.storage.s3.faults import NEVER_A_KEY, Refusal
from shared.storage.s3.user_keys import HEADER, encode_user_key

WHOLE = 64 * 2**20
"""Up to so many bytes are one request; more are parts of this size."""
WRITE_S = 60.0
KEPT = 8
"""Connections that are kept: as many threads may upload without connecting anew."""


class Uploads:
    """Puts objects whole or not at all. Blocks."""

    def __init__(self, address: Address, credentials: Credentials) -> None:
        waits = urllib3.Timeout(connect=CONNECT_S, read=WRITE_S)
        retries = urllib3.Retry(3, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504))
        self._client = Minio(
            address.netloc,
            credentials.access_key,
            credentials.secret_key,
            secure=address.secure,
            region=address.region,
            http_client=urllib3.PoolManager(maxsize=KEPT, timeout=waits, retries=retries),
        )

    def put(
        self, ref: ObjectRef, source: BinaryIO, content_type: str, user_key: str | None
    ) -> None:
        """Upload from a stream of any length.

        Raises:
            Rejected: the store can hold no such key.
            ConfigurationError: the user key is no text, or too long.
            TransientError: the store does not answer, or refuses now.
        """
        metadata: dict[str, str | list[str] | tuple[str]] = {}
        try:
            if user_key is not None:
                metadata[HEADER] = encode_user_key(user_key)
        except UnicodeEncodeError:
            raise ConfigurationError("--key", "is not UTF-8") from None
        try:
            self._client.put_object(
                ref.bucket,
                ref.key,
                source,
                length=-1,
                part_size=WHOLE,
                content_type=content_type,
                metadata=metadata,
            )
        except ValueError as error:  # a key of spaces alone, which minio-py does not take
            raise Rejected(Reason.BAD_KEY, str(error)) from error
        except S3Error as error:
            raise _meaning(error, ref) from error
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise TransientError("store", str(error)) from error


def _meaning(error: S3Error, ref: ObjectRef) -> Exception:
    if error.code == "MetadataTooLarge":
        return ConfigurationError("--key", "is longer than the store's 2 KB")
    if error.code in NEVER_A_KEY:
        return Rejected(Reason.BAD_KEY, f"{error.code}: {error.message}")
    return Refusal(error.response.status, error.code or "", error.message or "").of_bucket(
        ref.bucket
    )
