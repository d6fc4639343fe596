"""A folder's files in the byte order of their keys, one folder's names in memory at a time."""

import errno
import logging
import os
from collections.abc import Callable, Iterator

from shared.errors import TransientError

log = logging.getLogger(__name__)

GONE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
"""Nothing is there."""

NEVER = {errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO}
"""Something is there that can never be read, as it is."""


def walk(folder: bytes, prefix: bytes, enters: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Yield the keys below `folder` that begin with `prefix`, links and other oddities among them.

    Keeps its own stack: trees may be deeper than Python's.

    Args:
        folder: a path.
        prefix: folders that hold no such key are not looked into.
        enters: whether to look into the folder of this key, which ends in `/`.

    Raises:
        TransientError: a folder could not be read this time, so the listing is not to be trusted.
    """
    above, waiting = [b""], [iter(_names(folder))]
    while waiting:
        name = next(waiting[-1], None)
        if name is None:
            above.pop()
            waiting.pop()
            continue
        key = above[-1] + name
        if not name.endswith(b"/"):
            if key.startswith(prefix):
                yield key
        elif (key.startswith(prefix) or prefix.startswith(key)) and enters(key):
            above.append(key)
            waiting.append(iter(_names(os.path.join(folder, key))))  # noqa: PTH118 - bytes


def _names(folder: bytes) -> list[bytes]:
    """Name what a folder holds, folders with a `/`, as which they sort among keys.

    None where it has vanished meanwhile or may never be looked into.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name + b"/" if entry.is_dir(follow_symlinks=False) else entry.name
                for entry in entries
            )
    except OSError as error:
        if error.errno not in GONE | NEVER:
            raise TransientError("store", str(error)) from error
        if error.errno in NEVER:
            log.warning("left out a folder: %s", error)
        return []
