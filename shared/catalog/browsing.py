"""What only people who look around ask: one level of a bucket, and why objects were rejected."""

from typing import Any

from sqlalchemy import Connection, Select, func

from shared.catalog.queries import page
from shared.catalog.rows import stored_object
from shared.catalog.schema import objects
from shared.records import Folder, ObjectRef, ObjectState, StoredObject

DELIMITER = "/"
_BEHIND_DELIMITER = chr(ord(DELIMITER) + 1)


def reasons(bucket: str | None, prefix: str) -> Select[Any]:
    """Ask for the reasons of rejections and how many objects each of them has."""
    rejected = page(bucket, prefix, ObjectState.REJECTED).order_by(None)
    counted = rejected.with_only_columns(objects.c.reason, func.count())
    return counted.group_by(objects.c.reason).order_by(objects.c.reason)


def read_level(
    connection: Connection,
    folder: ObjectRef,
    state: ObjectState | None,
    after: ObjectRef | None,
    limit: int,
) -> list[StoredObject | Folder]:
    """List what stands directly in `folder`, in byte order; see `CatalogReader.level`.

    Each folder costs one look into the index, however many objects it holds: from its first object
    the next look begins behind its last. Objects that stand side by side come in ever larger looks.
    """
    wanted = page(folder.bucket, folder.key, state)
    listed: list[StoredObject | Folder] = []
    begin, look = _behind(after, folder) if after else folder.key, 1
    while len(listed) < limit:
        look = min(look, limit - len(listed))
        rows = connection.execute(wanted.where(objects.c.key >= begin).limit(look)).all()
        for stored in map(stored_object, map(tuple, rows)):
            ref = stored.stat.ref
            begin = _behind(ref, folder)
            if (inner := _folder_of(ref, folder)) is None:
                listed.append(stored)
            else:
                listed.append(Folder(inner, first=stored))
                break  # the rows behind it may be in it too
        else:
            if len(rows) < look:
                break
            look *= 2
            continue
        look = 1
    return listed


def _folder_of(ref: ObjectRef, outer: ObjectRef) -> ObjectRef | None:
    """Name the folder right below `outer` that an object is in; None if it is in `outer` itself."""
    if not ref.key.startswith(outer.key):
        return None
    name, delimiter, _ = ref.key.removeprefix(outer.key).partition(DELIMITER)
    return ObjectRef(ref.bucket, outer.key + name + delimiter) if delimiter else None


def _behind(ref: ObjectRef, outer: ObjectRef) -> str:
    """Name the first key that can stand behind an object's, its folder below `outer` passed."""
    inner = _folder_of(ref, outer)
    return ref.key + "\0" if inner is None else inner.key[: -len(DELIMITER)] + _BEHIND_DELIMITER
