"""Where an object lies below a folder, and which object lies at a path. No I/O."""

import os
from pathlib import Path

from shared.records import ObjectRef

TOP_BUCKET = "pictures"
STATE_FOLDER = ".seenit"


class Places:
    """Each first-level subfolder is a bucket; files at the top are in `pictures`.

    A first-level subfolder that is itself called `pictures` belongs to that bucket too: its files
    keep `pictures/` in their keys, so no two files share a place.

    Attributes:
        staging: where files are written before they are put in their place; never an object.
    """

    def __init__(self, root: Path, hidden: Path) -> None:
        self.root = root
        self.staging = root / STATE_FOLDER
        self._hidden = {self.staging, hidden}

    def path(self, ref: ObjectRef) -> Path | None:
        """Tell where an object lies, or would; None where no file could ever be it."""
        folder = self.bucket(ref.bucket)
        parts = ref.key.split("/")
        if folder is None or "\0" in ref.key or {"", ".", ".."} & set(parts):
            return None
        if ref.bucket == TOP_BUCKET and len(parts) > 1 and parts[0] != TOP_BUCKET:
            return None
        try:
            os.fsencode(ref.key)
        except UnicodeEncodeError:
            return None
        path = folder.joinpath(*parts)
        return None if self.is_hidden(path) else path

    def bucket(self, name: str) -> Path | None:
        """Tell which folder is a bucket; None where none could ever be it."""
        if name == TOP_BUCKET:
            return self.root
        if name in {"", ".", ".."} or "/" in name or "\0" in name:
            return None
        try:
            os.fsencode(name)
        except UnicodeEncodeError:
            return None
        path = self.root / name
        return None if self.is_hidden(path) else path

    def ref(self, path: Path) -> ObjectRef | None:
        """Name the object at a path below the root; None where none could be."""
        if path == self.root or self.is_hidden(path):
            return None
        parts = path.relative_to(self.root).parts
        if len(parts) == 1 or parts[0] == TOP_BUCKET:
            return ObjectRef(TOP_BUCKET, "/".join(parts))
        return ObjectRef(parts[0], "/".join(parts[1:]))

    def below(self, folder: Path) -> tuple[str, str]:
        """Name the bucket, and the prefix of the keys, of all that lies below a folder."""
        bucket, *parts = folder.relative_to(self.root).parts
        if bucket == TOP_BUCKET:
            parts = [TOP_BUCKET, *parts]
        return bucket, "".join(f"{part}/" for part in parts)

    def is_hidden(self, path: Path) -> bool:
        """Whether a path is Seenit's own, not the user's."""
        return any(path.is_relative_to(hidden) for hidden in self._hidden)
