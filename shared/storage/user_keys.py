"""The user's own identifier of a file, an extended attribute: the folder's `x-amz-meta-key`.

Like S3 metadata it belongs to the object, goes where it is renamed to, and outlives the catalog.
"""

import errno
import os
import sys
from pathlib import Path

from shared.errors import ConfigurationError

ATTRIBUTE = "user.seenit.key"

if sys.platform == "linux":

    def read_user_key(path: Path) -> str | None:
        """Return a file's user key, if it has one."""
        try:
            return os.getxattr(path, ATTRIBUTE).decode("utf-8", "replace")
        except OSError:
            return None

    def write_user_key(path: str, user_key: str) -> None:
        """Give a file its user key.

        Raises:
            ConfigurationError: the file system keeps no extended attributes.
        """
        try:
            os.setxattr(path, ATTRIBUTE, user_key.encode())
        except OSError as error:
            if error.errno != errno.ENOTSUP:
                raise
            raise ConfigurationError(
                "--key", "this folder's file system keeps no extended attributes"
            ) from error

else:

    def read_user_key(path: Path) -> str | None:  # noqa: ARG001 - one signature everywhere
        """Return None: Python reads extended attributes on Linux only."""
        return None

    def write_user_key(path: str, user_key: str) -> None:  # noqa: ARG001 - as above
        """Refuse: Python writes extended attributes on Linux only."""
        raise ConfigurationError("--key", "user keys of files need Linux")
