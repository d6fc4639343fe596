"""What a batch of the pipeline writes: steps within one transaction, each safe to repeat.

Rows are locked objects before images, so that two writers never wait for each other in a ring. On
SQLite a transaction holds the file's one write lock and the row locks below mean nothing; on MySQL
they make a decision and what follows from it one step. Rows are looked for, then inserted: whoever
loses the race to insert gets a duplicate entry, and its transaction is repeated.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalog.queries import among, chunks
from shared.catalog.rows import object_row, pending_row
from shared.catalog.schema import ImageState, images, objects
from shared.errors import ImageUnclaimed
from shared.records import ImageFacts, IndexedObject, ObjectRef, RejectedObject

_MOMENT = images.c.unused_since.type
_USABLE = images.c.state != ImageState.COLLECTING.value

_LOCK_IMAGES = (
    select(images.c.image_id, images.c.state).where(among(images.c.image_id)).with_for_update()
)
_ADD_IMAGE = insert(images)
_USE = (
    update(images)
    .where(among(images.c.image_id), _USABLE)
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

_LOCK_OBJECTS = (
    select(objects.c.object_id, objects.c.image_id)
    .where(among(objects.c.object_id))
    .with_for_update()
)
_ADD_OBJECT = insert(objects)
_REPLACE_OBJECT = (
    update(objects)
    .where(objects.c.object_id == bindparam("replaced"))
    .values({column.name: bindparam(column.name) for column in objects.c})
)
_FORGET = delete(objects).where(among(objects.c.object_id))


async def claim(
    connection: AsyncConnection, wanted: Mapping[str, ImageFacts], model_id: str, now: datetime
) -> None:
    """Write images as pending, where there are none; keep the others from the collector a while.

    Raises:
        ImageUnclaimed: one of them is being collected.
    """
    states: dict[str, str] = {}
    for chunk in chunks(wanted):
        found = await connection.execute(_LOCK_IMAGES, {"ids": chunk})
        states.update((image_id, state) for image_id, state in found)
    if ImageState.COLLECTING in states.values():
        raise ImageUnclaimed
    added = [facts for image_id, facts in wanted.items() if image_id not in states]
    if added:
        rows = [pending_row(facts, model_id, now) for facts in added]
        await connection.execute(_ADD_IMAGE, rows)
    # Should no object use them just now, the collector counts from here.
    await _touch(connection, states, now)


async def record(
    connection: AsyncConnection, items: Sequence[IndexedObject | RejectedObject], now: datetime
) -> None:
    """Write what became of objects, no object twice; settle which images are in use.

    Raises:
        ImageUnclaimed: an image was never claimed, or is being collected.
    """
    rows = {item.stat.ref.object_id: object_row(item, now) for item in items}
    held = await _lock_objects(connection, rows)
    used = {item.image_id for item in items if isinstance(item, IndexedObject)}
    await _touch(connection, (image for image in held.values() if image not in used), now)
    for chunk in chunks(used):
        marked = await connection.execute(_USE, {"ids": chunk, "now": now})
        if marked.rowcount != len(chunk):
            raise ImageUnclaimed
    added = [row for object_id, row in rows.items() if object_id not in held]
    replaced = [rows[object_id] | {"replaced": object_id} for object_id in held]
    if added:
        await connection.execute(_ADD_OBJECT, added)
    if replaced:
        await connection.execute(_REPLACE_OBJECT, replaced)


async def forget(connection: AsyncConnection, refs: Iterable[ObjectRef], now: datetime) -> int:
    """Drop objects; returns how many there were."""
    held = await _lock_objects(connection, {ref.object_id for ref in refs})
    for chunk in chunks(held):
        await connection.execute(_FORGET, {"ids": chunk})
    await _touch(connection, held.values(), now)
    return len(held)


async def _lock_objects(
    connection: AsyncConnection, object_ids: Iterable[bytes]
) -> dict[bytes, str | None]:
    """Lock those objects that there are; tells which image each holds."""
    held: dict[bytes, str | None] = {}
    for chunk in chunks(object_ids):
        found = await connection.execute(_LOCK_OBJECTS, {"ids": chunk})
        held.update((object_id, image_id) for object_id, image_id in found)
    return held


async def _touch(
    connection: AsyncConnection, image_ids: Iterable[str | None], now: datetime
) -> None:
    """Note that these may be unused from now on; the collector looks whether they are."""
    for chunk in chunks({image_id for image_id in image_ids if image_id is not None}):
        await connection.execute(_TOUCH, {"ids": chunk, "now": now})
