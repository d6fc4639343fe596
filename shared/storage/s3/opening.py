"""Opens an S3 store, and its links, by the settings."""

import logging
from collections.abc import Callable

from minio.credentials.credentials import Credentials

from shared.errors import ConfigurationError, TransientError
from shared.records import ObjectRef
from shared.settings import Settings
from shared.storage.s3.address import public_address, storage_address
from shared.storage.s3.links import Links
from shared.storage.s3.store import S3Store

log = logging.getLogger(__name__)


def open_s3(settings: Settings) -> S3Store:
    """Open the S3 store that `SEENIT_STORAGE_URL` names, and ask it once for its buckets.

    One that does not answer is no error: its calls raise `TransientError` until it does.

    Raises:
        ConfigurationError: it refuses the keys or has no such bucket, or a setting is malformed.
    """
    address = storage_address(settings.storage_url)
    store = S3Store(address, credentials(settings), settings.buckets)
    try:
        store.check()
    except TransientError as fault:
        log.warning("the store does not answer yet: %s", fault)
    return store


def link_maker(settings: Settings) -> Callable[[ObjectRef], str]:
    """Return what makes an object's presigned address, below `SEENIT_PUBLIC_S3_URL` if that is set.

    Raises:
        ConfigurationError: a setting is malformed.
    """
    address = storage_address(settings.storage_url)
    if settings.public_s3_url:
        address = public_address(settings.public_s3_url, address.region)
    return Links(address, credentials(settings)).presigned


def credentials(settings: Settings) -> Credentials:
    """Return the store's two keys.

    Raises:
        ConfigurationError: one is not set.
    """
    secret = settings.s3_secret_key.get_secret_value()
    if not settings.s3_access_key:
        raise ConfigurationError("SEENIT_S3_ACCESS_KEY", "an S3 store needs it")
    if not secret:
        raise ConfigurationError("SEENIT_S3_SECRET_KEY", "an S3 store needs it")
    return Credentials(settings.s3_access_key, secret)
