"""Who leads: one row per task, taken and renewed by the database's clock."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalog.schema import leases


async def lead(connection: AsyncConnection, name: str, holder: str, duration: timedelta) -> bool:
    """Take, renew or (with no duration) let go of a lease; False where another holds it."""
    of_name = leases.c.name == name
    found = await connection.execute(
        select(leases.c.holder, leases.c.held_until).where(of_name).with_for_update()
    )
    held = found.first()
    now = await _now(connection)
    mine = {"holder": holder, "held_until": now + duration}
    if held is None:
        await connection.execute(insert(leases).values(name=name, **mine))
        return True
    if held.holder != holder and held.held_until > now:
        return False
    await connection.execute(update(leases).where(of_name).values(mine))
    return True


async def _now(connection: AsyncConnection) -> datetime:
    """Read the one clock that all holders share: the server's, or this machine's for a file."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)
    now: datetime = (await connection.exec_driver_sql("SELECT UTC_TIMESTAMP(6)")).scalar_one()
    return now.replace(tzinfo=UTC)
