"""Bringing catalog and index back together where one of them lost something."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalog.lists import among, chunks
from shared.catalog.queries import locked
from shared.catalog.rows import adopted_row
from shared.catalog.schema import images
from shared.records import ImageState

_LOCK = locked(select(images.c.image_id).where(among(images.c.image_id)), images)
_UNINDEX = (
    update(images)
    .where(among(images.c.image_id), images.c.state == ImageState.INDEXED.value)
    .values(state=ImageState.PENDING.value)
)


async def adopt(
    connection: AsyncConnection, image_ids: Collection[str], model_id: str, now: datetime
) -> int:
    """Write those that have no row as collecting; returns how many."""
    adopted = 0
    for chunk in chunks(sorted(set(image_ids))):
        known = set((await connection.execute(_LOCK, {"ids": chunk})).scalars())
        rows = [adopted_row(image_id, model_id, now) for image_id in chunk if image_id not in known]
        if rows:
            await connection.execute(insert(images), rows)
        adopted += len(rows)
    return adopted


async def unindex(connection: AsyncConnection, image_ids: Collection[str]) -> int:
    """Set those that are indexed back to pending; returns how many."""
    set_back = 0
    for chunk in chunks(sorted(set(image_ids))):
        set_back += (await connection.execute(_UNINDEX, {"ids": chunk})).rowcount
    return set_back
