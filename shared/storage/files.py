"""One file of a folder: its state, what speaks against it, and its bytes."""

import os
import stat as st
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, BinaryIO

from shared.errors import Reason, Rejected
from shared.records import ObjectRef, ObjectStat
from shared.storage.keys import refuse_bad_key
from shared.storage.user_keys import read_user_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_S = 253_402_300_799  # the end of the year 9999; files may claim later ones


def refuse(ref: ObjectRef, found: os.stat_result, max_bytes: int) -> None:
    """Refuse what can be told to be no picture before a byte is read.

    Raises:
        Rejected: with its reason.
    """
    if st.S_ISLNK(found.st_mode):
        raise Rejected(Reason.OUTSIDE_FOLDER, "a link that leads out of the folder")
    if not st.S_ISREG(found.st_mode):
        raise Rejected(Reason.NOT_A_FILE, "not a regular file")
    refuse_bad_key(ref)
    if found.st_size > max_bytes:
        detail = f"{found.st_size} bytes are more than {max_bytes}"
        raise Rejected(Reason.TOO_MANY_BYTES, detail)


def describe(ref: ObjectRef, found: os.stat_result, path: Path) -> ObjectStat:
    """Tell a file's state; the size of what is no regular file is 0."""
    is_file = st.S_ISREG(found.st_mode)
    modified = _EPOCH + timedelta(seconds=min(found.st_mtime, _LATEST_S))
    user_key = read_user_key(path) if is_file else None
    return ObjectStat(ref, found.st_size if is_file else 0, etag(found), modified, user_key)


def etag(found: os.stat_result) -> str:
    """Name a state; the change time tells a replaced file whose modification time was put back."""
    return f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}-{found.st_ctime_ns:x}"


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, unbuffered."""
    # O_NONBLOCK: opening must not wait where a pipe has taken the file's place.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        yield file


def read_exactly(file: BinaryIO, size: int) -> bytes | None:
    """Read `size` bytes; None where the file ends before."""
    data = bytearray()
    while len(data) < size:
        chunk = file.read(size - len(data))
        if not chunk:
            return None
        data += chunk
    return bytes(data)


@contextmanager
def replacing(path: Path, staging: Path) -> Iterator[IO[bytes]]:
    """Write a file in `staging`, then, if all went well, rename it to `path`: never half a file.

    Args:
        path: its place; folders that lead there are made.
        staging: a folder of the same file system.
    """
    with tempfile.NamedTemporaryFile(dir=staging, prefix="put-", delete=False) as staged:
        try:
            yield staged
            staged.flush()
            os.fsync(staged.fileno())
            os.fchmod(staged.fileno(), 0o644)  # as any other file of the folder
            path.parent.mkdir(parents=True, exist_ok=True)
            os.replace(staged.name, path)  # noqa: PTH105 - beside os.fsync
        except BaseException:
            Path(staged.name).unlink()
            raise
