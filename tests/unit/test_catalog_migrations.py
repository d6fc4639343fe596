"""The way from an older catalog to this one's, and the refusal of a newer one."""

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, event

from shared.addresses import sqlite_file
from shared.catalog import migrations
from shared.catalog.engines import writing_engine
from shared.catalog.migrations import HEAD
from shared.catalog.open import open_catalog, open_reader
from shared.catalog.schema import metadata
from shared.errors import ConfigurationError
from shared.records import ImageState, ObjectFilter, ObjectRef

OPEN = "import asyncio, sys; from shared.catalog.open import open_catalog\n"
OPEN += "async def main():\n    await (await open_catalog(sys.argv[1], 'm')).close()\n"
OPEN += "asyncio.run(main())"


@pytest.fixture(params=["sqlite", "mysql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of nothing yet."""
    if request.param == "mysql":
        return request.getfixturevalue("mysql_database_url")
    return f"sqlite:///{tmp_path / 'new' / 'catalog.db'}"


@pytest.fixture
async def url(empty: str) -> str:
    """An up-to-date, empty catalog."""
    await (await open_catalog(empty, "m")).close()
    return empty


async def write(url: str, *statements: str) -> None:
    engine = writing_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.exec_driver_sql(statement)
    await engine.dispose()


def scripts() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def differences(connection: Connection) -> list[object]:
    """What the tables are, against what the code expects."""
    return compare_metadata(MigrationContext.configure(connection), metadata)


async def test_the_migrations_lead_to_the_tables_that_the_code_expects(url):
    engine = writing_engine(url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_the_newest_revision_is_the_one_noted():
    assert ScriptDirectory.from_config(scripts()).get_heads() == [HEAD]


async def test_what_an_older_seenit_recorded_is_kept(empty):
    def to_the_first(connection: Connection) -> None:
        config = scripts()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    if (file := sqlite_file(empty)) is not None:
        file.parent.mkdir()
    engine = writing_engine(empty)
    async with engine.begin() as connection:
        await connection.run_sync(to_the_first)
    await engine.dispose()
    moment = "'2026-01-01 00:00:00'"
    await write(
        empty,
        "INSERT INTO objects (object_id, bucket, `key`, state, image_id, size, etag, last_modified,"
        f" recorded_at) VALUES (X'{'00' * 32}', X'{b'images'.hex()}', X'{b'a'.hex()}', 'indexed',"
        f" '{'f' * 64}', 5, X'{b'e'.hex()}', {moment}, {moment})",
        "INSERT INTO images (image_id, model_id, width, height, format, bytes, state)"
        f" VALUES ('{'f' * 64}', 'm', 1, 1, 'PNG', 5, 'indexed')",
    )
    catalog = await open_catalog(empty, "m")
    found = await catalog.find(["f" * 64], ObjectFilter())
    assert [row.ref for row in found["f" * 64]] == [ObjectRef("images", "a")]
    assert await catalog.image_ids(ImageState.INDEXED) == ["f" * 64]
    assert await catalog.lead("task", "me", 1)
    await catalog.close()


@pytest.mark.parametrize("opening", [open_catalog, open_reader])
async def test_the_catalog_of_a_newer_seenit_is_refused(url, opening):
    await write(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigurationError, match="9999") as refused:
        await opening(url, "m")
    assert refused.value.option == "SEENIT_CATALOG_URL"


class Crash(BaseException):
    """The process ends here."""


# Some of the older revisions' changes, all of the newest one's.
@pytest.mark.parametrize("step", [0, 5, 10, 12, *range(13, 22)])
async def test_a_first_start_cut_off_at_any_change_is_taken_up_by_the_next(
    mysql_database_url, step
):
    changes = itertools.count()

    def cut(_connection, _cursor, statement, *_):
        if statement.lstrip().startswith(("CREATE", "DROP")) and next(changes) == step:
            raise Crash

    event.listen(Engine, "after_cursor_execute", cut)
    try:
        with pytest.raises(Crash):
            await open_catalog(mysql_database_url, "m")
    finally:
        event.remove(Engine, "after_cursor_execute", cut)
    await (await open_catalog(mysql_database_url, "m")).close()
    engine = writing_engine(mysql_database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_processes_that_start_together_make_one_catalog(empty):
    opening = [sys.executable, "-W", "error::ResourceWarning", "-c", OPEN, empty]
    starting = [subprocess.Popen(opening, stderr=subprocess.PIPE) for _ in range(3)]
    ends = [process.communicate()[1] for process in starting]
    assert [process.returncode for process in starting] == [0] * 3, ends
