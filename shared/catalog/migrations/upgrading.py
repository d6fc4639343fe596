"""Bringing a database's tables up to this Seenit's, safely from several processes at once."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.errors import ConfigurationError, TransientError

LOCK_S = 60
"""How long to wait while another process migrates."""


async def upgrade(engine: AsyncEngine) -> None:
    """Bring the tables up to `HEAD`; nothing happens where they are.

    On SQLite all of it is one transaction, begun with the write lock; on MySQL, whose changes of
    tables know no transactions, a named lock keeps others waiting.

    Raises:
        ConfigurationError: the tables are those of a newer Seenit.
        TransientError: another process takes too long over it.
    """
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade)


def _upgrade(connection: Connection) -> None:
    on_server = connection.dialect.name != "sqlite"
    if on_server:
        locked = connection.exec_driver_sql(f"SELECT GET_LOCK('seenit.migrations', {LOCK_S})")
        if locked.scalar() != 1:
            raise TransientError("catalog", "another process is migrating it")
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    _refuse_unknown(connection, {step.revision for step in script.walk_revisions()})
    command.upgrade(config, "head")
    if on_server:
        connection.exec_driver_sql("SELECT RELEASE_LOCK('seenit.migrations')")


def _refuse_unknown(connection: Connection, known: set[str]) -> None:
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in known:
        problem = (
            f"the catalog has tables of a newer Seenit (revision {present}); "
            "upgrade Seenit, or name another catalog"
        )
        raise ConfigurationError("SEENIT_CATALOG_URL", problem)
