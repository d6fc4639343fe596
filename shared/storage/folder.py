"""A folder as an object store."""

import errno
import os
import stat as st
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
from shared.storage.files import describe, etag, opened, read_exactly, refuse, replacing
from shared.storage.keys import refuse_bad_key
from shared.storage.places import STATE_FOLDER, TOP_BUCKET, Places
from shared.storage.user_keys import write_user_key
from shared.storage.walking import GONE, NEVER, walk


class FolderStore:
    """Protocols ObjectStore and ObjectWriter over a folder.

    A link to a file inside the folder is that file once more; one that leads nowhere is nothing;
    one that leads out is an object that is rejected. Linked folders are not looked into.
    """

    def __init__(self, root: Path, *, hidden: Path | None = None, settle_s: float = 0.0) -> None:
        """Take the folder.

        Args:
            root: the folder.
            hidden: Seenit's own state; left out when it lies inside the folder.
            settle_s: a file younger than this is still changing.

        Raises:
            ConfigurationError: there is no such folder, or the state is to lie among its files.
        """
        if not root.is_dir():
            raise ConfigurationError("SEENIT_STORAGE_URL", f"there is no folder {root}")
        self.root = root.resolve()
        state = hidden.resolve() if hidden else self.root
        if hidden and state == self.root:
            problem = "the state needs a folder of its own, beside or inside that of the pictures"
            raise ConfigurationError("SEENIT_DATA_DIR", problem)
        # A state folder above the root hides nothing of it.
        inside = state if self.root in state.parents else self.root / STATE_FOLDER
        self.places = Places(self.root, inside)
        self._settle_s = settle_s

    def stat(self, ref: ObjectRef) -> ObjectStat:
        """Tell a file's present state; see ObjectStore."""
        path, found = self._find(ref)
        return describe(ref, found, path)

    def read(self, ref: ObjectRef, max_bytes: int) -> ObjectBytes:
        """Read a file whole, unless someone is writing it; see ObjectStore."""
        path, before = self._find(ref)
        refuse(ref, before, max_bytes)
        if abs(time.time() - before.st_mtime) < self._settle_s:
            raise ObjectChanging(f"{ref.bucket}/{ref.key} was changed just now")
        with self._as_outcomes(ref), opened(path) as file:
            if leases.is_being_written(file.fileno()):
                raise ObjectChanging(f"{ref.bucket}/{ref.key} is open for writing")
            data = read_exactly(file, before.st_size)
            after = os.fstat(file.fileno())
        if data is None or etag(after) != etag(before):
            raise ObjectChanging(f"{ref.bucket}/{ref.key} changed while it was read")
        return ObjectBytes(describe(ref, before, path), data, image_digest(data))

    def buckets(self) -> list[str]:
        """Name the top bucket and the first-level subfolders."""
        self._require_root()
        with os.scandir(self.root) as entries:
            names = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        there = {name for name in names if self.places.bucket(name)}
        return sorted(there | {TOP_BUCKET}, key=os.fsencode)

    def list(self, bucket: str, prefix: str = "") -> Iterator[ObjectStat]:
        """Walk a bucket in the byte order of its keys, one folder in memory at a time.

        What `read` would reject is listed too, so that it is rejected with its reason.
        """
        folder = self.places.bucket(bucket)
        self._require_root()
        if folder is None or folder.is_symlink():
            return

        def enters(key: bytes) -> bool:
            if bucket == TOP_BUCKET and not key.startswith(os.fsencode(f"{TOP_BUCKET}/")):
                return False  # another bucket
            return not self.places.is_hidden(folder / os.fsdecode(key))

        wanted = prefix.encode("utf-8", "surrogateescape")
        for key in walk(os.fsencode(folder), wanted, enters):
            ref = ObjectRef(bucket, os.fsdecode(key))
            path = folder / ref.key
            if found := self._found(path):
                yield describe(ref, found, path)
        self._require_root()  # else what is missing may only have been taken away meanwhile

    def put(self, ref: ObjectRef, source: BinaryIO, user_key: str | None = None) -> None:
        """Write beside the place, then rename into it: never half a file; see ObjectWriter."""
        path = self.places.path(ref)
        if path is None or not _is_direct(path.parent):
            raise Rejected(Reason.BAD_KEY, f"no file here can be {ref.bucket}/{ref.key}")
        refuse_bad_key(ref)
        self.places.staging.mkdir(exist_ok=True)  # on the same file system, and never watched
        try:
            with replacing(path, self.places.staging) as file:
                copyfileobj(source, file)
                if user_key is not None:
                    write_user_key(file.name, user_key)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise Rejected(Reason.BAD_KEY, f"{error.filename} is in the way") from error

    def remove(self, ref: ObjectRef) -> bool:
        """Delete a file; see ObjectWriter."""
        path = self.places.path(ref)
        if path is None or not _is_direct(path.parent):
            return False
        try:
            path.unlink()
        except OSError as error:
            if error.errno in GONE | {errno.EISDIR}:
                return False
            raise
        return True

    def looks_into(self, path: Path) -> bool:
        """Whether a path is a folder, other than a linked one."""
        return os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114 - never raise

    def _find(self, ref: ObjectRef) -> tuple[Path, os.stat_result]:
        path = self.places.path(ref)
        found = self._found(path) if path and _is_direct(path.parent) else None
        if path is None or found is None:
            self._require_root()
            raise ObjectGone(f"{ref.bucket}/{ref.key}")
        return path, found

    def _found(self, path: Path) -> os.stat_result | None:
        """Look at what is at a path, through a link unless it leads out; None for no object."""
        try:
            found = path.lstat()
            if st.S_ISLNK(found.st_mode) and self._leads_inside(path):
                found = path.stat()
        except OSError as error:
            if error.errno in GONE | NEVER:
                return None
            raise TransientError("store", str(error)) from error
        return None if st.S_ISDIR(found.st_mode) else found

    def _leads_inside(self, link: Path) -> bool:
        target = Path(os.path.realpath(link))
        return target.is_relative_to(self.root) and not self.places.is_hidden(target)

    def _require_root(self) -> None:
        """Tell an empty folder from one that is not there."""
        try:
            os.scandir(self.root).close()
        except OSError as error:
            raise TransientError("store", f"the folder cannot be read: {error}") from error

    @contextmanager
    def _as_outcomes(self, ref: ObjectRef) -> Iterator[None]:
        """Translate the system's errors: gone, never readable, or not now."""
        try:
            yield
        except OSError as error:
            if error.errno in NEVER:
                raise Rejected(Reason.UNREADABLE, str(error.strerror)) from error
            if error.errno in GONE:
                self._require_root()
                raise ObjectGone(f"{ref.bucket}/{ref.key}") from error
            raise TransientError("store", str(error)) from error


def _is_direct(folder: Path) -> bool:
    """Whether no link leads to a folder, or to where it would be."""
    return os.path.realpath(folder) == str(folder)
