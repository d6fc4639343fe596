"""A folder as an object store: each first-level subfolder a bucket, files at the top in `pictures`.

A file's etag is made of its inode, size, modification and change times, so that a replaced file is
noticed even where a copying tool put the old modification time back.
"""

import errno
import logging
import os
import stat as st
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from shutil import copyfileobj
from typing import BinaryIO

from shared.digests import image_digest
from shared.errors import (
    ConfigurationError,
    ObjectChanging,
    ObjectGone,
    Reason,
    Rejected,
    TransientError,
)
from shared.records import ObjectBytes, ObjectRef, ObjectStat
from shared.storage import leases
from shared.storage.user_keys import read_user_key, write_user_key

TOP_BUCKET = "pictures"
log = logging.getLogger(__name__)

STATE_FOLDER = ".seenit"
MAX_KEY_BYTES = 1024
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_NEVER = {errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO}


class FolderStore:
    """Protocols ObjectStore and ObjectWriter over a folder.

    A first-level subfolder that is itself called `pictures` belongs to that bucket too: its files
    keep `pictures/` in their keys, so no two files share a place.
    """

    def __init__(self, root: Path, *, hidden: Path | None = None, settle_s: float = 0.0) -> None:
        """Take the folder.

        Args:
            root: the folder.
            hidden: Seenit's own state; left out when it lies inside the folder.
            settle_s: a file younger than this is still changing.

        Raises:
            ConfigurationError: there is no such folder.
        """
        if not root.is_dir():
            raise ConfigurationError("SEENIT_STORAGE_URL", f"there is no folder {root}")
        self.root = root.resolve()
        self._staging = self.root / STATE_FOLDER
        self._hidden = {self._staging, (hidden or self._staging).resolve()}
        self._settle_s = settle_s
        self._is_inside = lru_cache(maxsize=256)(self._resolves_inside)

    def path(self, ref: ObjectRef) -> Path:
        """Tell where an object lies; it need not exist.

        Raises:
            ObjectGone: no file could ever have this name.
        """
        parts = ref.key.split("/")
        if "\0" in ref.key + ref.bucket or not ref.bucket or {"", ".", ".."} & {ref.bucket, *parts}:
            raise ObjectGone(f"{ref.bucket}/{ref.key}")
        folder = self.root if ref.bucket == TOP_BUCKET else self.root / ref.bucket
        if ref.bucket == TOP_BUCKET and len(parts) > 1 and parts[0] != TOP_BUCKET:
            raise ObjectGone(f"{ref.bucket}/{ref.key}")
        path = folder.joinpath(*parts)
        if "/" in ref.bucket or self._is_hidden(path):
            raise ObjectGone(f"{ref.bucket}/{ref.key}")
        return path

    def ref(self, path: Path) -> ObjectRef | None:
        """Name the object at a path below the root; None where none could be."""
        if path == self.root or self._is_hidden(path):
            return None
        parts = path.relative_to(self.root).parts
        if len(parts) == 1 or parts[0] == TOP_BUCKET:
            return ObjectRef(TOP_BUCKET, "/".join(parts))
        return ObjectRef(parts[0], "/".join(parts[1:]))

    def stat(self, ref: ObjectRef) -> ObjectStat:
        """Tell a file's present state; see ObjectStore."""
        path = self.path(ref)
        with _as_outcomes(ref):
            self._refuse_outside(path, os.lstat(path))
            found = os.stat(path)
            if not st.S_ISREG(found.st_mode):
                if st.S_ISDIR(found.st_mode):
                    raise ObjectGone(f"{ref.bucket}/{ref.key}")
                raise Rejected(Reason.NOT_A_FILE, "not a regular file")
            return _describe(ref, found, path)

    def read(self, ref: ObjectRef, max_bytes: int) -> ObjectBytes:
        """Read a file whole, unless someone is writing it; see ObjectStore."""
        path = self.path(ref)
        with _as_outcomes(ref):
            before = self.stat(ref)
            if before.size > max_bytes:
                detail = f"{before.size} bytes are more than {max_bytes}"
                raise Rejected(Reason.TOO_MANY_BYTES, detail)
            _refuse_bad_key(ref)
            if abs(time.time() - before.last_modified.timestamp()) < self._settle_s:
                raise ObjectChanging(f"{ref.bucket}/{ref.key} was changed just now")
            # O_NONBLOCK: opening must not wait where a pipe has taken the file's place.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_CLOEXEC", 0))
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                if leases.is_being_written(file.fileno()):
                    raise ObjectChanging(f"{ref.bucket}/{ref.key} is open for writing")
                data = _read_exactly(file, before.size)
                after = _describe(ref, os.fstat(file.fileno()), path)
        if data is None or after.etag != before.etag:
            raise ObjectChanging(f"{ref.bucket}/{ref.key} changed while it was read")
        return ObjectBytes(after, data, image_digest(data))

    def buckets(self) -> list[str]:
        """Name the top bucket and the first-level subfolders."""
        names = {entry.name for entry in _scan(self.root) if entry.is_dir(follow_symlinks=False)}
        names -= {hidden.name for hidden in self._hidden if hidden.parent == self.root}
        return sorted(names | {TOP_BUCKET}, key=os.fsencode)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        """Walk a bucket in the byte order of its keys, one folder in memory at a time.

        What can never be indexed is listed too (size 0), so that it is rejected with its reason.
        """
        top = bucket == TOP_BUCKET
        start = self.root if top else self.root / bucket
        wanted = prefix.encode("utf-8", "surrogateescape")
        if not self.root.is_dir():
            raise TransientError("store", f"the folder {self.root} is not there")
        for path, key in self._walk(start, b"", wanted, only_files=top):
            ref = ObjectRef(bucket, os.fsdecode(key))
            try:
                found = path.lstat()
                found = path.stat() if st.S_ISLNK(found.st_mode) else found
            except OSError as error:
                if error.errno not in _GONE | _NEVER:
                    raise TransientError("store", f"{path}: {error.strerror}") from error
                with suppress(OSError):  # a broken link is an object that cannot be read
                    yield _describe(ref, path.lstat(), path)
                continue
            if not st.S_ISDIR(found.st_mode):
                yield _describe(ref, found, path)

    def put(self, ref: ObjectRef, source: BinaryIO, user_key: str | None = None) -> None:
        """Write beside the place, then rename into it: never half a file; see ObjectWriter."""
        try:
            path = self.path(ref)
        except ObjectGone:
            detail = f"no file of this folder can be {ref.bucket}/{ref.key}"
            raise Rejected(Reason.BAD_KEY, detail) from None
        path.parent.mkdir(parents=True, exist_ok=True)
        self._staging.mkdir(exist_ok=True)  # on the same file system, and never watched
        with tempfile.NamedTemporaryFile(dir=self._staging, prefix="put-", delete=False) as staged:
            try:
                copyfileobj(source, staged)
                if user_key is not None:
                    write_user_key(staged.name, user_key)
                staged.flush()
                os.fsync(staged.fileno())
                os.chmod(staged.name, 0o644)  # noqa: PTH101 - as any other file of the folder
                os.replace(staged.name, path)  # noqa: PTH105 - beside os.chmod
            except BaseException:
                os.unlink(staged.name)  # noqa: PTH108 - beside os.replace
                raise

    def remove(self, ref: ObjectRef) -> bool:
        """Delete a file; see ObjectWriter."""
        try:
            self.path(ref).unlink()
        except (FileNotFoundError, ObjectGone):
            return False
        return True

    def _walk(
        self, folder: Path, above: bytes, wanted: bytes, *, only_files: bool
    ) -> Iterator[tuple[Path, bytes]]:
        """Yield (path, key) below `folder`, in key order, only where `wanted` may begin a key."""
        named = [(os.fsencode(e.name), e, e.is_dir(follow_symlinks=False)) for e in _scan(folder)]
        for name, entry, is_folder in sorted(
            named, key=lambda found: found[0] + b"/" if found[2] else found[0]
        ):
            path, key = Path(entry.path), above + name
            if path in self._hidden:
                continue
            if not is_folder and key.startswith(wanted):
                yield path, key
            elif is_folder and (not only_files or key == TOP_BUCKET.encode()):
                below = key + b"/"
                if below.startswith(wanted) or wanted.startswith(below):
                    yield from self._walk(path, below, wanted, only_files=False)

    def _is_hidden(self, path: Path) -> bool:
        return any(path == hidden or hidden in path.parents for hidden in self._hidden)

    def _resolves_inside(self, path: Path) -> bool:
        return path.resolve().is_relative_to(self.root)

    def _refuse_outside(self, path: Path, found: os.stat_result) -> None:
        """Refuse a link, or a file below a linked folder, that leads out of the root."""
        is_link = st.S_ISLNK(found.st_mode)
        if not (self._resolves_inside(path) if is_link else self._is_inside(path.parent)):
            raise Rejected(Reason.OUTSIDE_FOLDER, "a link that leads out of the folder")


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder's entries; none where it has vanished or may never be looked into.

    Raises:
        TransientError: it could not be read this time, so the listing is not to be trusted.
    """
    try:
        return list(os.scandir(folder))
    except OSError as error:
        if error.errno not in _GONE | _NEVER:
            raise TransientError("store", f"{folder}: {error.strerror}") from error
        if error.errno in _NEVER:
            log.warning("left out a folder: %s", error)
        return []


@contextmanager
def _as_outcomes(ref: ObjectRef | None) -> Iterator[None]:
    """Translate the system's errors: gone, never readable, or not now."""
    name = f"{ref.bucket}/{ref.key}" if ref else "the folder"
    try:
        yield
    except OSError as error:
        if error.errno in _GONE:
            raise ObjectGone(name) from error
        if error.errno in _NEVER:
            raise Rejected(Reason.UNREADABLE, str(error.strerror)) from error
        raise TransientError("store", f"{name}: {error.strerror}") from error


def _describe(ref: ObjectRef, found: os.stat_result, path: Path) -> ObjectStat:
    etag = f"{found.st_ino:x}-{found.st_size:x}-{found.st_mtime_ns:x}-{found.st_ctime_ns:x}"
    modified = datetime.fromtimestamp(found.st_mtime_ns / 1e9, UTC)
    return ObjectStat(ref, found.st_size, etag, modified, read_user_key(path))


def _read_exactly(file: BinaryIO, size: int) -> bytes | None:
    """Read `size` bytes and see the end right after them; None where it is not there."""
    data = bytearray()
    while len(data) < size:
        chunk = file.read(size - len(data))
        if not chunk:
            return None
        data += chunk
    return None if file.read(1) else bytes(data)


def _refuse_bad_key(ref: ObjectRef) -> None:
    if len(ref.key_bytes) > MAX_KEY_BYTES:
        raise Rejected(Reason.BAD_KEY, f"the name is longer than {MAX_KEY_BYTES} bytes")
    try:
        ref.key_bytes.decode()
        ref.bucket.encode()
    except UnicodeError:
        raise Rejected(Reason.BAD_KEY, "the name is not UTF-8") from None
