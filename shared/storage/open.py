"""Chooses the store by its URL."""

from collections.abc import Callable
from types import ModuleType
from typing import Protocol

from shared.errors import ConfigurationError
from shared.protocols import ObjectStore, ObjectWriter
from shared.records import ObjectRef
from shared.settings import Settings
from shared.storage.folder import FolderStore


class Store(ObjectStore, ObjectWriter, Protocol):
    """A store that can be read and written; its credentials say which of the two it grants."""


def open_store(settings: Settings) -> Store:
    """Open what `SEENIT_STORAGE_URL` names.

    Raises:
        ConfigurationError: none is set, or it is not there; an S3 store refuses the keys, lacks a
            bucket, or its client is not installed. One that does not answer is no error.
    """
    return _s3().open_s3(settings) if _is_s3(settings) else open_folder(settings)


def open_folder(settings: Settings) -> FolderStore:
    """Open the folder that `SEENIT_STORAGE_URL` names.

    Raises:
        ConfigurationError: it names none, or there is no such folder.
    """
    return FolderStore(
        settings.folder, hidden=settings.state_dir, settle_s=settings.settle_ms / 1000
    )


def open_links(settings: Settings) -> Callable[[ObjectRef], str] | None:
    """Return what makes an object's address for browsers, good for 5 minutes; a folder has none.

    Raises:
        ConfigurationError: as `open_store`.
    """
    return _s3().link_maker(settings) if _is_s3(settings) else None


def _is_s3(settings: Settings) -> bool:
    return settings.storage_url.startswith("s3:")


def _s3() -> ModuleType:
    try:
        from shared.storage.s3 import opening  # noqa: PLC0415 - its client is an extra
    except ImportError as error:
        problem = f"S3 needs more packages: pip install 'seenit[distributed]' ({error})"
        raise ConfigurationError("SEENIT_STORAGE_URL", problem) from error
    return opening
