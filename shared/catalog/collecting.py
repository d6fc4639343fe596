"""The collector's steps: mark images that no object uses; hold them; drop those that are gone.

A row that someone else has locked is not marked: its image is being used, or being collected.
"""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalog.lists import among, chunks
from shared.catalog.queries import locked
from shared.catalog.schema import images, objects
from shared.records import ImageState

_COLLECTING = images.c.state == ImageState.COLLECTING.value

_MARKED = (
    # Whatever is marked has its moment; asking for it leads to the index.
    select(images.c.image_id)
    .where(_COLLECTING, images.c.unused_since.is_not(None))
    .order_by(images.c.unused_since)
    .limit(bindparam("most"))
)
_CANDIDATES = (
    select(images.c.image_id)
    .where(
        images.c.state != ImageState.COLLECTING.value,
        images.c.unused_since <= bindparam("unused_since"),
    )
    .order_by(images.c.unused_since)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_WITH_OBJECTS = select(objects.c.image_id).where(among(objects.c.image_id)).distinct()
_IN_USE = update(images).where(among(images.c.image_id)).values(unused_since=None)
_MARK = update(images).where(among(images.c.image_id)).values(state=ImageState.COLLECTING.value)
_HOLD = locked(select(images.c.image_id).where(among(images.c.image_id), _COLLECTING), images)
_DROP = delete(images).where(among(images.c.image_id), _COLLECTING)


async def mark(connection: AsyncConnection, unused_since: datetime, limit: int) -> list[str]:
    """Mark and name up to `limit` images unused since then; those marked before come first."""
    found = await connection.execute(_MARKED, {"most": limit})
    marked = list(found.scalars())
    while len(marked) < limit:
        # Locked first, looked at second: from here on nobody can begin to use a candidate.
        room = {"unused_since": unused_since, "most": limit - len(marked)}
        candidates = list((await connection.execute(_CANDIDATES, room)).scalars())
        if not candidates:
            break
        used = await _with_objects(connection, candidates)
        unused = [image_id for image_id in candidates if image_id not in used]
        for chunk in chunks(used):
            await connection.execute(_IN_USE, {"ids": chunk})
        for chunk in chunks(unused):
            await connection.execute(_MARK, {"ids": chunk})
        marked += unused
    return marked


async def hold(connection: AsyncConnection, image_ids: Collection[str]) -> list[str]:
    """Lock and name those that are still marked; waits for whoever else deletes them just now."""
    held: list[str] = []
    for chunk in chunks(sorted(image_ids)):
        held += (await connection.execute(_HOLD, {"ids": chunk})).scalars()
    return held


async def drop(connection: AsyncConnection, image_ids: Collection[str]) -> None:
    """Drop those that are still marked."""
    for chunk in chunks(sorted(image_ids)):
        await connection.execute(_DROP, {"ids": chunk})


async def _with_objects(connection: AsyncConnection, image_ids: Iterable[str]) -> set[str]:
    used: set[str] = set()
    for chunk in chunks(image_ids):
        used.update((await connection.execute(_WITH_OBJECTS, {"ids": chunk})).scalars())
    return used
