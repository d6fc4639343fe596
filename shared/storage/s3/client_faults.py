"""What goes wrong when a store is set up, told as what to wait for and what to mend."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager

import urllib3
from minio.error import MinioAdminException, MinioException, S3Error

from shared.errors import ConfigurationError, SeenitError, TransientError
from shared.storage.s3.address import OPTION
from shared.storage.s3.faults import CREDENTIALS

WAITS_S = 10.0
_ADMIN_REFUSAL = re.compile(r"Status: (?P<status>\d+), Body: (?P<body>.*)", re.DOTALL)


def patience() -> urllib3.PoolManager:
    """Return connections that give up in time for whoever sits and waits."""
    waits = urllib3.Timeout(connect=WAITS_S / 2, read=WAITS_S)
    return urllib3.PoolManager(timeout=waits, retries=False)


@contextmanager
def client_faults() -> Iterator[None]:
    """Turn the client's errors into Seenit's.

    Raises:
        ConfigurationError: the store refused.
        TransientError: it does not answer, or not now.
    """
    try:
        yield
    except S3Error as error:
        status = error.response.status if error.response is not None else 0
        raise _meaning(status, error.code or "", error.message or "") from error
    except MinioAdminException as error:
        status, code, message = admin_refusal(error)
        raise _meaning(status, code, message) from error
    except (MinioException, urllib3.exceptions.HTTPError, ValueError) as error:
        raise TransientError("store", f"it cannot be reached: {error}") from error


def admin_refusal(error: MinioAdminException) -> tuple[int, str, str]:
    """Read status, code and message of a refusal of MinIO's administration."""
    found = _ADMIN_REFUSAL.search(str(error))
    if not found:
        return 0, "", str(error)
    try:
        told = json.loads(found["body"])
        return int(found["status"]), told["Code"], told["Message"]
    except (ValueError, KeyError, TypeError):
        return int(found["status"]), "", "it has no administration of MinIO's kind"


def _meaning(status: int, code: str, message: str) -> SeenitError:
    told = f"{code or status}: {message}"
    if status >= 500 and code != "NotImplemented":
        return TransientError("store", told)
    return ConfigurationError(CREDENTIALS.get(code, OPTION), f"the store refused ({told})")
