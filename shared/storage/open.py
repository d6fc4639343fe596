"""Chooses the store by its URL."""

from typing import Protocol

from shared.errors import ConfigurationError
from shared.protocols import ObjectStore, ObjectWriter
from shared.settings import Settings
from shared.storage.folder import FolderStore


class Store(ObjectStore, ObjectWriter, Protocol):
    """A store that can be read and written; its credentials say which of the two it grants."""


def open_store(settings: Settings) -> Store:
    """Open what `SEENIT_STORAGE_URL` names.

    Raises:
        ConfigurationError: none is set, or it is not there.
    """
    if settings.storage_url.startswith("s3:"):
        raise ConfigurationError("SEENIT_STORAGE_URL", "S3 stores come with the next version")
    return open_folder(settings)


def open_folder(settings: Settings) -> FolderStore:
    """Open the folder that `SEENIT_STORAGE_URL` names.

    Raises:
        ConfigurationError: it names none, or there is no such folder.
    """
    return FolderStore(
        settings.folder, hidden=settings.state_dir, settle_s=settings.settle_ms / 1000
    )
