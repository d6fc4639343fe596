"""The embedded catalog's file: who may write it, who waits, and what its faults mean."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select

from shared.catalog import nearby
from shared.catalog.engines import open_reads
from shared.catalog.faults import catalog_faults
from shared.catalog.lists import among
from shared.catalog.open import open_catalog, open_reader
from shared.catalog.schema import images
from shared.catalog.sql import SqlCatalog
from shared.errors import ConfigurationError, Reason, TransientError
from shared.records import (
    ImageFacts,
    IndexedObject,
    ObjectFilter,
    ObjectRef,
    ObjectStat,
    RejectedObject,
)
from tests.fakes import as_said

OPTION = "SEENIT_CATALOG_URL"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file whose name means something to URLs, SQLite and the shell."""
    return tmp_path / "50% of #1 & a?mode=memory" / "catalog.db"


@pytest.fixture
async def catalog(file: Path) -> AsyncIterator[SqlCatalog]:
    opened = await open_catalog(f"sqlite:///{file}", "m")
    yield opened
    await opened.close()


def rejection(key: str) -> RejectedObject:
    stat = ObjectStat(ObjectRef("images", key), 0, "e1", datetime.now(UTC))
    return RejectedObject(stat, Reason.EMPTY, "the file is empty")


async def reject(catalog: SqlCatalog, key: str) -> None:
    change = rejection(key)
    assert await catalog.record([change], as_said(change)) == set()


async def test_the_file_is_the_one_that_was_named(catalog, file):
    await reject(catalog, "a")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT key FROM objects").fetchall() == [(b"a",)]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


async def test_readers_go_on_and_the_writer_waits_while_another_writes(catalog, file):
    await reject(catalog, "a")
    with closing(sqlite3.connect(file, isolation_level=None)) as index:
        index.execute("BEGIN IMMEDIATE")
        index.execute("CREATE TABLE vectors (image_id TEXT)")
        waiting = asyncio.create_task(reject(catalog, "b"))
        for _ in range(20):
            assert len(await catalog.page()) == 1
        assert not waiting.done()
        index.execute("COMMIT")
    await waiting
    assert len(await catalog.page()) == 2


async def test_a_reader_can_write_nothing(catalog, file):
    await reject(catalog, "a")
    reads = open_reads(f"sqlite:///{file}")
    with pytest.raises(TransientError, match="readonly"), catalog_faults():
        await reads.run(lambda connection: connection.exec_driver_sql("DELETE FROM objects"))
    await reads.dispose()
    assert len(await catalog.page()) == 1


async def test_what_a_small_file_tells_at_once_is_what_threads_read(catalog, file, monkeypatch):
    await catalog.claim([ImageFacts(name, 640, 480, "JPEG", 9) for name in ("i", "j")])
    for key in ("a", "caf\udce9", "z"):
        ref = ObjectRef("images", key)
        stat = ObjectStat(ref, 9, "e", datetime.now(UTC), user_key=f"of {key}", version_id="v")
        change = IndexedObject(stat, "j" if key == "z" else "i")
        assert await catalog.record([change], as_said(change)) == set()
    reader = await open_reader(f"sqlite:///{file}", "m")
    refs = [ObjectRef("images", "caf\udce9"), ObjectRef("images", "no such key")]

    async def told() -> tuple[object, ...]:
        ids = ["j", "i", "k"]
        found = await reader.find(ids, ObjectFilter(), limit=2)
        return found, await reader.known_images(ids), await reader.known(refs)

    at_once = await told()
    assert [len(each) for each in at_once] == [2, 2, 1]
    monkeypatch.setattr(nearby, "SMALL", 0)
    assert await told() == at_once
    await reader.close()


async def test_nobody_waits_nearby_for_a_file_that_is_busy(catalog, file):
    await catalog.claim([ImageFacts("i", 640, 480, "JPEG", 9)])
    await catalog.close()
    near = nearby.Nearby(file)
    asked = select(images.c.format).where(among(images.c.image_id))
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert near.rows(asked, ["i"], {}) is None
    assert near.rows(asked, ["i"], {}) == [("JPEG",)]
    near.close()


async def test_a_reader_outlives_the_writer_and_meets_the_next(catalog, file):
    await reject(catalog, "a")
    await catalog.close()
    reader = await open_reader(f"sqlite:///{file}", "m")
    assert len(await reader.page()) == 1
    again = await open_catalog(f"sqlite:///{file}", "m")
    await reject(again, "b")
    assert len(await reader.page()) == 2
    await again.close()
    await reader.close()


async def test_search_makes_no_catalog_where_there_is_none(file):
    with pytest.raises(ConfigurationError, match="no catalog") as refused:
        await open_reader(f"sqlite:///{file}", "m")
    assert refused.value.option == OPTION
    assert not file.parent.exists()


async def test_search_migrates_nothing(file):
    file.parent.mkdir()
    file.touch()
    with pytest.raises(ConfigurationError, match="no tables"):
        await open_reader(f"sqlite:///{file}", "m")
    assert file.read_bytes() == b""


@pytest.mark.parametrize("opening", [open_catalog, open_reader])
async def test_a_file_that_is_no_database_is_refused(file, opening):
    file.parent.mkdir()
    file.write_text("a text, and long enough for a header " * 10)
    with pytest.raises(ConfigurationError, match="not an SQLite database") as refused:
        await opening(f"sqlite:///{file}", "m")
    assert refused.value.option == OPTION


async def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "taken").touch()
    with pytest.raises(ConfigurationError, match="cannot be made"):
        await open_catalog(f"sqlite:///{tmp_path / 'taken' / 'catalog.db'}", "m")


async def test_a_folder_in_the_files_place_is_refused(file):
    file.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        await open_catalog(f"sqlite:///{file}", "m")


async def test_a_catalog_emptied_underneath_is_trouble_that_may_pass(catalog, file):
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE objects")
    for call in (catalog.page(), catalog.stats(), reject(catalog, "a")):
        with pytest.raises(TransientError, match="catalog: no such table") as trouble:
            await call
        assert trouble.value.part == "catalog"


def test_a_locked_or_full_file_is_trouble_that_may_pass(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path / 'a.db'}", connect_args={"timeout": 0})
    with engine.begin() as connection, closing(sqlite3.connect(tmp_path / "a.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TransientError, match="locked"), catalog_faults():
            connection.exec_driver_sql("CREATE TABLE t (a)")
        other.rollback()
        connection.exec_driver_sql("PRAGMA max_page_count = 2")
        with pytest.raises(TransientError, match="full"), catalog_faults():
            connection.exec_driver_sql("CREATE TABLE t AS SELECT zeroblob(100000)")
    engine.dispose()


def test_a_statement_that_the_database_refuses_is_a_mistake_of_ours():
    engine = create_engine("sqlite://")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a NOT NULL)")
        with pytest.raises(Exception, match="NOT NULL constraint failed"), catalog_faults():
            connection.exec_driver_sql("INSERT INTO t VALUES (NULL)")
    engine.dispose()
