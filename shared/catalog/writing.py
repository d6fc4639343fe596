"""What a batch of the pipeline writes: steps within one transaction, each safe to repeat.

Rows are locked objects before images and each in the order of their keys, so that two writers never
wait for each other in a ring. On SQLite a transaction holds the file's one write lock and the row
locks below mean nothing; on MySQL they make a decision and what follows from it one step. Rows are
looked for, then inserted: whoever loses the race to insert gets a duplicate entry, and its
transaction is repeated.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalog.lists import among, chunks
from shared.catalog.queries import locked
from shared.catalog.rows import object_row, pending_row
from shared.catalog.schema import images, objects
from shared.errors import ImageUnclaimed
from shared.protocols import Present
from shared.records import (
    Change,
    ImageFacts,
    ImageState,
    IndexedObject,
    ObjectRef,
    ObjectStat,
    RemovedObject,
)

_MOMENT = images.c.unused_since.type

_LOCK_IMAGES = locked(
    select(images.c.image_id, images.c.state).where(among(images.c.image_id)), images
)
_ADD_IMAGE = insert(images)
_USE = (
    update(images)
    .where(among(images.c.image_id))
    .values(
        state=ImageState.INDEXED.value,
        unused_since=None,
        indexed_at=func.coalesce(images.c.indexed_at, bindparam("now", type_=_MOMENT)),
    )
)
_TOUCH = (
    update(images)
    .where(among(images.c.image_id))
    .values(unused_since=bindparam("now", type_=_MOMENT))
)

_LOCK_OBJECTS = locked(
    select(objects.c.object_id, objects.c.image_id).where(among(objects.c.object_id)), objects
)
_ADD_OBJECT = insert(objects)
_DROP_OBJECTS = delete(objects).where(among(objects.c.object_id))


async def claim(
    connection: AsyncConnection, wanted: Mapping[str, ImageFacts], model_id: str, now: datetime
) -> None:
    """Write images as pending, where there are none; keep the others from the collector a while.

    Raises:
        ImageUnclaimed: one of them is being collected.
    """
    states = await _lock_images(connection, wanted)
    if ImageState.COLLECTING in states.values():
        raise ImageUnclaimed
    added = [image_id for image_id in sorted(wanted) if image_id not in states]
    if added:
        rows = [pending_row(wanted[image_id], model_id, now) for image_id in added]
        await connection.execute(_ADD_IMAGE, rows)
    # Should no object use them just now, the collector counts from here.
    await _touch(connection, states, now)


async def record(
    connection: AsyncConnection, changes: Sequence[Change], present: Present, now: datetime
) -> set[ObjectRef]:
    """Write those changes, no object twice, that are still so; returns the others' objects."""
    held = await _lock_objects(connection, changes)
    # A row that is missing cannot be locked; one that was just inserted is.
    added = [_row(change, now) for change in changes if change.ref.object_id not in held]
    written = {row["object_id"]: row for row in added if row}
    await _add(connection, written)
    stats = await present([change.ref for change in changes])
    confirmed = [_confirmed(change, stats.get(change.ref)) for change in changes]
    settled = await _settle_images(connection, [each for each in confirmed if each], held, now)
    wanted = {change.ref.object_id: _row(change, now) for change in settled}
    stale = {key for key in written if written[key] != wanted.get(key)}
    stale |= held.keys() & wanted.keys()
    for chunk in chunks(sorted(stale)):
        await connection.execute(_DROP_OBJECTS, {"ids": chunk})
    await _add(connection, {key: row for key, row in wanted.items() if row and key in stale})
    return {change.ref for change in changes} - {change.ref for change in settled}


def _row(change: Change, now: datetime) -> dict[str, Any] | None:
    """The row to be; None where there is to be none."""
    return None if isinstance(change, RemovedObject) else object_row(change, now)


def _confirmed(change: Change, found: ObjectStat | None) -> Change | None:
    """Bring a change up to what the store says under the lock; None if it is no longer so."""
    if isinstance(change, RemovedObject):
        return change if found is None else None
    if found is None or not found.same_bytes(change.stat):
        return None
    return replace(change, stat=found)


async def _settle_images(
    connection: AsyncConnection,
    changes: Sequence[Change],
    held: Mapping[bytes, str | None],
    now: datetime,
) -> list[Change]:
    """Settle which images are in use; returns the changes but those whose image cannot be."""
    before = {held.get(change.ref.object_id) for change in changes}
    used = {change.image_id for change in changes if isinstance(change, IndexedObject)}
    released = {image_id for image_id in before if image_id is not None} - used
    states = await _lock_images(connection, used | released)
    usable = {
        image_id for image_id in used & states.keys() if states[image_id] != ImageState.COLLECTING
    }
    await _touch(connection, released, now)
    for chunk in chunks(sorted(usable)):
        await connection.execute(_USE, {"ids": chunk, "now": now})
    return [
        change
        for change in changes
        if not isinstance(change, IndexedObject) or change.image_id in usable
    ]


async def _lock_objects(
    connection: AsyncConnection, changes: Iterable[Change]
) -> dict[bytes, str | None]:
    """Lock those objects that there are; tells which image each holds."""
    held: dict[bytes, str | None] = {}
    for chunk in chunks(sorted(change.ref.object_id for change in changes)):
        found = await connection.execute(_LOCK_OBJECTS, {"ids": chunk})
        held.update((object_id, image_id) for object_id, image_id in found)
    return held


async def _add(connection: AsyncConnection, rows: Mapping[bytes, dict[str, Any]]) -> None:
    if rows:
        await connection.execute(_ADD_OBJECT, [rows[key] for key in sorted(rows)])


async def _lock_images(connection: AsyncConnection, image_ids: Iterable[str]) -> dict[str, str]:
    """Lock those images that there are; tells the state of each."""
    states: dict[str, str] = {}
    for chunk in chunks(sorted(image_ids)):
        found = await connection.execute(_LOCK_IMAGES, {"ids": chunk})
        states.update((image_id, state) for image_id, state in found)
    return states


async def _touch(connection: AsyncConnection, image_ids: Iterable[str], now: datetime) -> None:
    """Note that these may be unused from now on; the collector looks whether they are."""
    for chunk in chunks(sorted(image_ids)):
        await connection.execute(_TOUCH, {"ids": chunk, "now": now})
