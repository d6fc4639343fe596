"""The way from an older catalog to this one's, and the refusal of a newer one."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from shared.catalog import migrations
from shared.catalog.engines import writing_engine
from shared.catalog.migrations import HEAD
from shared.catalog.open import open_catalog, open_reader
from shared.catalog.schema import metadata
from shared.errors import ConfigurationError

OPEN = "import asyncio, sys; from shared.catalog.open import open_catalog\n"
OPEN += "async def main():\n    await (await open_catalog(sys.argv[1], 'm')).close()\n"
OPEN += "asyncio.run(main())"


@pytest.fixture
async def url(tmp_path: Path) -> str:
    """An up-to-date, empty catalog."""
    place = f"sqlite:///{tmp_path / 'catalog.db'}"
    await (await open_catalog(place, "m")).close()
    return place


def mark(url: str, revision: str) -> None:
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
    connection.close()


async def test_the_migrations_lead_to_the_tables_that_the_code_expects(url):
    def differences(connection: Connection) -> list[object]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    engine = writing_engine(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_the_newest_revision_is_the_one_noted():
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


@pytest.mark.parametrize("opening", [open_catalog, open_reader])
async def test_the_catalog_of_a_newer_seenit_is_refused(url, opening):
    mark(url, "9999")
    with pytest.raises(ConfigurationError, match="9999") as refused:
        await opening(url, "m")
    assert refused.value.option == "SEENIT_CATALOG_URL"


def test_processes_that_start_together_make_one_catalog(tmp_path):
    url = f"sqlite:///{tmp_path / 'new' / 'catalog.db'}"
    command = [sys.executable, "-W", "error::ResourceWarning", "-c", OPEN, url]
    starting = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(3)]
    ends = [process.communicate()[1] for process in starting]
    assert [process.returncode for process in starting] == [0] * 3, ends
