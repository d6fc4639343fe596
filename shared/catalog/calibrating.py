"""What was measured on the user's own pictures: one row a model."""

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.catalog.schema import calibrations
from shared.records import MeasuredThreshold

OF_MODEL = select(
    calibrations.c.near_duplicate, calibrations.c.pairs, calibrations.c.measured_at
).where(calibrations.c.model_id == bindparam("model_id"))


async def calibrate(
    connection: AsyncConnection, model_id: str, measured: MeasuredThreshold
) -> None:
    """Put a measurement in the place of the one before."""
    await connection.execute(delete(calibrations).where(calibrations.c.model_id == model_id))
    row = {
        "near_duplicate": measured.near_duplicate,
        "pairs": measured.pairs,
        "measured_at": measured.measured_at,
    }
    await connection.execute(insert(calibrations).values(model_id=model_id, **row))
