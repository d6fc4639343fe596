"""Drops a catalog's database; for those that were made for a while only."""

from sqlalchemy import make_url

from shared.catalog.engines import open_reads
from shared.catalog.faults import catalog_faults


async def drop_database(url: str) -> None:
    """Drop the database that `mysql://…/database` names, with all it holds.

    Raises:
        TransientError: the server does not answer.
    """
    address = make_url(url)
    name = (address.database or "").replace("`", "``")
    server = address.set(database="information_schema").render_as_string(hide_password=False)
    reads = open_reads(server)
    try:
        with catalog_faults():
            await reads.run(lambda c: c.exec_driver_sql(f"DROP DATABASE `{name}`"))
    finally:
        await reads.dispose()
