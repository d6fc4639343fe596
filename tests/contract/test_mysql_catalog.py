"""What can go wrong with a real server, and what it means: waited for, repeated, or refused."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import pymysql
import pytest
from sqlalchemy import Select, exc, text

from search_api.collecting import NAMED_AT_MOST
from shared.catalog.engines import open_reads, writing_engine
from shared.catalog.faults import LOCK_WAIT_TIMEOUT, is_conflict, number_of
from shared.catalog.naming import name_images
from shared.catalog.open import open_catalog, open_reader
from shared.catalog.sql import SqlCatalog
from shared.errors import ConfigurationError, TransientError
from shared.names import LETTERS
from shared.records import (
    ImageFacts,
    ImageState,
    IndexedObject,
    ObjectFilter,
    ObjectRef,
    ObjectStat,
    RemovedObject,
)
from tests.fakes import as_said

MODEL = "m"
PARTS = re.compile(r"mysql://(?P<user>\w+):(?P<password>[^@]+)@(?P<host>[^:]+):(?P<port>\d+)/(\w+)")


def image(name: str) -> ImageFacts:
    return ImageFacts(name.ljust(64, "0"), 1, 1, "PNG", 1)


def held(key: str, etag: str = "e1") -> IndexedObject:
    stat = ObjectStat(ObjectRef("images", key), 10, etag, datetime(2026, 1, 1, tzinfo=UTC))
    return IndexedObject(stat, image(key).image_id)


class Server:
    """The server, as an operator sees it."""

    def __init__(self, url: str) -> None:
        parts = PARTS.fullmatch(url)
        assert parts is not None
        self.url = url
        self.database = parts[5]
        self.host, self.port = parts["host"], int(parts["port"])
        self._sign_in = {"user": parts["user"], "password": parts["password"]}

    @contextmanager
    def session(self) -> Iterator[Callable[..., tuple]]:
        """A transaction of its own: what it locks stays locked until the block ends."""
        connection = pymysql.connect(
            host=self.host, port=self.port, database=self.database, **self._sign_in
        )

        def execute(statement: str, *values: object) -> tuple:
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return cursor.fetchall()

        with connection:
            yield execute
            connection.commit()

    def run(self, statement: str) -> tuple:
        with self.session() as execute:
            return execute(statement)

    @contextmanager
    def variable(self, name: str, value: object) -> Iterator[None]:
        ((before,),) = self.run(f"SELECT @@GLOBAL.{name}")
        self.run(f"SET GLOBAL {name} = {value}")
        try:
            yield
        finally:
            self.run(f"SET GLOBAL {name} = {before}")

    @contextmanager
    def user(self, rights: str, limits: str = "") -> Iterator[str]:
        """The address as someone with few rights has it."""
        name = f"u{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE USER {name}@'%' IDENTIFIED BY 'pw' {limits}")
        self.run(f"GRANT {rights} ON {self.database}.* TO {name}@'%'")
        try:
            yield f"mysql://{name}:pw@{self.host}:{self.port}/{self.database}"
        finally:
            self.run(f"DROP USER {name}@'%'")

    def kill(self, statement: str) -> int:
        """Break off those connections of this database that run nothing but wait in it."""
        sessions = self.run(
            "SELECT id FROM information_schema.processlist"
            f" WHERE db = '{self.database}' AND id <> CONNECTION_ID() AND command = '{statement}'"
        )
        for (session,) in sessions:
            self.run(f"KILL CONNECTION {session}")
        return len(sessions)


@pytest.fixture
def server(mysql_database_url: str) -> Server:
    return Server(mysql_database_url)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[SqlCatalog]:
    catalog = await open_catalog(url, MODEL)
    try:
        yield catalog
    finally:
        await catalog.close()


@pytest.fixture
async def catalog(server: Server) -> AsyncIterator[SqlCatalog]:
    async with opened(server.url) as made:
        yield made


async def put(catalog: SqlCatalog, key: str) -> None:
    await catalog.claim([image(key)])
    assert await catalog.record([held(key)], as_said(held(key))) == set()


async def keys(catalog: SqlCatalog) -> list[str]:
    return [row.stat.ref.key for row in await catalog.page()]


# In each other's way


async def test_a_deadlock_is_repeated_until_it_is_none(catalog, server):
    for key in ("a", "b"):
        await put(catalog, key)
    first, second = sorted([held("a", "e2"), held("b", "e2")], key=lambda c: c.ref.object_id)
    lock = "SELECT object_id FROM objects WHERE object_id = %s FOR UPDATE"
    with server.session() as execute:
        # Much done already, so that the server gives up the other transaction, not this one.
        execute("INSERT INTO leases SELECT seq, '', now() FROM seq_1_to_1000")
        execute(lock, second.ref.object_id)
        changes = [first, second]
        recording = asyncio.create_task(catalog.record(changes, as_said(*changes)))
        await asyncio.sleep(0.3)  # it has locked the first and waits for the second
        await asyncio.to_thread(execute, lock, first.ref.object_id)
        assert not recording.done()
    assert await recording == set()
    assert {row.stat.etag for row in await catalog.page()} == {"e2"}


async def test_a_lock_not_to_be_had_in_time_is_a_conflict(catalog, server):
    await put(catalog, "a")
    engine = writing_engine(server.url)
    with server.session() as execute:
        execute("UPDATE objects SET size = 11")
        async with engine.connect() as connection:
            await connection.exec_driver_sql("SET SESSION innodb_lock_wait_timeout = 1")
            with pytest.raises(exc.OperationalError) as refused:
                await connection.exec_driver_sql("SELECT size FROM objects FOR UPDATE")
    await engine.dispose()
    assert number_of(refused.value) == LOCK_WAIT_TIMEOUT
    assert is_conflict(refused.value)


async def test_a_writer_sees_the_state_of_an_image_only_once_nobody_changes_it(catalog, server):
    await put(catalog, "a")
    again = IndexedObject(held("b").stat, image("a").image_id)
    with server.session() as execute:
        execute("SELECT image_id FROM images FOR UPDATE")
        recording = asyncio.create_task(catalog.record([again], as_said(again)))
        await asyncio.sleep(0.3)
        assert not recording.done()
        execute("UPDATE images SET state = 'collecting'")
    assert await recording == {again.ref}
    assert await keys(catalog) == ["a"]
    assert await catalog.image_ids(ImageState.COLLECTING) == [image("a").image_id]


async def test_readers_do_not_wait_for_writers(catalog, server):
    await put(catalog, "a")
    with server.session() as execute:
        execute("UPDATE objects SET size = 11")
        [row] = await catalog.page()
        assert row.stat.size == 10, "what is not committed is not seen"


# Broken off


class Cut:
    """A line to the server that breaks, or falls silent, around a statement."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.word = b""
        self.moment = ""
        self.cuts = 0

    def at(self, word: bytes, moment: str) -> None:
        """Cut once, when a statement holds `word`: before it arrives, or after it is done."""
        self.word, self.moment = word, moment

    @asynccontextmanager
    async def url(self) -> AsyncIterator[str]:
        listener = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener:
            yield self._server.url.replace(f":{self._server.port}/", f":{port}/")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._server.host, self._server.port)
        answers = asyncio.create_task(self._copy(there, writer))
        try:
            while data := await reader.read(65536):
                if self.word and self.word in data:
                    self.word = b""
                    self.cuts += 1
                    if self.moment == "silent":
                        await reader.read()  # until the client hangs up
                    answers.cancel()
                    await asyncio.wait([answers])
                    if self.moment == "after":
                        back.write(data)
                        await there.read(65536)  # done, but nobody hears of it
                    break
                back.write(data)
        finally:
            answers.cancel()
            for each in (writer, back):
                each.close()

    @staticmethod
    async def _copy(there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await there.read(65536):
            writer.write(data)
        writer.close()


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "word", [b"FOR UPDATE", b"INSERT INTO objects", b"UPDATE images", b"COMMIT"]
)
async def test_a_write_cut_off_at_any_statement_is_whole_or_nothing_and_may_be_repeated(
    server, word, moment
):
    cut = Cut(server)
    async with cut.url() as url, opened(url) as catalog:
        await put(catalog, "before")
        await catalog.claim([image("a")])
        changes = [held("a"), RemovedObject(held("before").ref)]
        cut.at(word, moment)
        with pytest.raises(TransientError, match="catalog"):
            await catalog.record(changes, as_said(*changes))
        assert cut.cuts == 1
        done = word == b"COMMIT" and moment == "after"
        assert await keys(catalog) == (["a"] if done else ["before"])
        assert await catalog.record(changes, as_said(*changes)) == set()
        assert await keys(catalog) == ["a"]
        assert list(await catalog.known_images([image("a").image_id])) == [image("a").image_id]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_claim_or_collection_cut_off_at_its_commit_may_be_repeated(server, moment):
    cut = Cut(server)
    gone: list[str] = []

    async def delete(image_ids: list[str]) -> None:
        gone.extend(image_ids)

    async with cut.url() as url, opened(url) as catalog:
        cut.at(b"COMMIT", moment)
        with pytest.raises(TransientError):
            await catalog.claim([image("a")])
        await catalog.claim([image("a")])
        cut.at(b"COMMIT", moment)
        with pytest.raises(TransientError):
            await catalog.collect(datetime.now(UTC), 10, delete)
        assert await catalog.collect(datetime.now(UTC), 10, delete) == 1
        assert set(gone) == {image("a").image_id}
        assert await catalog.collect(datetime.now(UTC), 10, delete) == 0


async def test_a_session_killed_while_the_store_is_asked_is_waited_for(catalog, server):
    await catalog.claim([image("a")])

    async def present(refs):
        assert await asyncio.to_thread(server.kill, "Sleep") >= 1
        return await as_said(held("a"))(refs)

    with pytest.raises(TransientError):
        await catalog.record([held("a")], present)
    assert await keys(catalog) == []
    await put(catalog, "a")


async def test_a_server_that_falls_silent_is_given_up_after_a_while(server, monkeypatch):
    monkeypatch.setattr("shared.catalog.reads.READ_S", 0.5)
    monkeypatch.setattr("shared.catalog.sql.TRANSACTION_S", 0.5)
    cut = Cut(server)
    async with cut.url() as url, opened(url) as catalog:
        await put(catalog, "a")
        for word, call in ((b"SELECT", catalog.page), (b"COMMIT", lambda: put(catalog, "b"))):
            cut.at(word, "silent")
            with pytest.raises(TransientError, match="too long"):
                await call()
        assert cut.cuts == 2
        await put(catalog, "b")
        assert await keys(catalog) == ["a", "b"]


async def test_a_server_that_is_away_is_waited_for(server, unused_tcp_port):
    nobody = server.url.replace(f":{server.port}/", f":{unused_tcp_port}/")
    with pytest.raises(TransientError, match="connect"):
        await open_catalog(nobody, MODEL)


# Full, read-only, out of connections


async def test_a_full_disk_is_waited_for(catalog, server):
    await put(catalog, "a")
    with server.session() as execute:
        execute("SET SESSION max_heap_table_size = 16384")
        execute("ALTER TABLE leases ENGINE = MEMORY")  # full at that size as any table is at last

    async def fill() -> None:
        for number in range(1000):
            await catalog.lead(f"task {number}", "x" * 200, 60)

    with pytest.raises(TransientError, match="full"):
        await fill()
    await put(catalog, "b")


async def test_a_server_turned_read_only_is_waited_for_and_still_read(server):
    rights = "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX, DROP"
    with server.user(rights) as url:
        async with opened(url) as catalog:
            await put(catalog, "a")
            with server.variable("read_only", 1):
                with pytest.raises(TransientError, match="read-only"):
                    await put(catalog, "b")
                assert await keys(catalog) == ["a"]
            await put(catalog, "b")
            assert await keys(catalog) == ["a", "b"]


async def test_a_server_out_of_connections_is_waited_for(server):
    async with opened(server.url) as catalog:
        await put(catalog, "a")
    with server.user("ALL", "WITH MAX_USER_CONNECTIONS 1") as url:
        reader = await open_reader(url, MODEL)
        async with asyncio.TaskGroup() as tasks:
            asked = [tasks.create_task(_outcome(reader.page())) for _ in range(4)]
        await reader.close()
        answers = [task.result() for task in asked]
        assert sum(isinstance(answer, list) for answer in answers) >= 1
        assert all(isinstance(answer, list | TransientError) for answer in answers)
    refused = [answer for answer in answers if isinstance(answer, TransientError)]
    assert all("max_user_connections" in str(answer) for answer in refused)


async def _outcome(call):
    try:
        return await call
    except TransientError as error:
        return error


# Rights


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [("pw@", "wrong@", "access denied"), ("/test_", "/nothing_", "access denied|no such database")],
)
async def test_an_address_that_cannot_be_right_is_refused_without_its_password(
    server, old, new, problem
):
    with server.user("ALL") as url:
        for opening in (open_catalog, open_reader):
            with pytest.raises(ConfigurationError, match=problem) as refused:
                await opening(url.replace(old, new), MODEL)
            assert refused.value.option == "SEENIT_CATALOG_URL"
            assert "wrong" not in str(refused.value)


async def test_one_who_may_only_read_reads_and_is_refused_when_it_writes(catalog, server):
    await put(catalog, "a")
    with server.user("SELECT") as url:
        async with opened(url) as only_reading:
            assert await keys(only_reading) == ["a"]
            with pytest.raises(ConfigurationError, match="lacks a right") as refused:
                await put(only_reading, "b")
            assert refused.value.option == "SEENIT_CATALOG_URL"
    assert await keys(catalog) == ["a"]


async def test_a_catalog_that_is_lost_is_waited_for_until_it_was_set_up_again(catalog, server):
    await put(catalog, "a")
    reader = await open_reader(server.url, MODEL)
    with server.session() as execute:
        execute(f"DROP DATABASE {server.database}")
        with pytest.raises(TransientError, match="seenit setup"):
            await reader.page()
        with pytest.raises(TransientError, match="seenit setup"):
            await put(catalog, "b")
        execute(f"CREATE DATABASE {server.database}")
    async with opened(server.url) as made_again:
        await put(made_again, "c")
    await put(catalog, "b")
    assert [row.stat.ref.key for row in await reader.page()] == ["b", "c"]
    await reader.close()


async def test_a_right_taken_away_while_reading_is_waited_for(catalog, server):
    await put(catalog, "a")
    with server.user("SELECT") as url:
        reader = await open_reader(url, MODEL)
        name = url.removeprefix("mysql://").partition(":")[0]
        server.run(f"REVOKE SELECT ON {server.database}.* FROM {name}@'%'")
        server.kill("Sleep")
        with pytest.raises(TransientError):
            await reader.page()
        server.run(f"GRANT SELECT ON {server.database}.* TO {name}@'%'")
        server.kill("Sleep")
        assert [row.stat.ref.key for row in await reader.page()] == ["a"]
        await reader.close()


async def test_as_many_names_as_are_ever_asked_for_come_in_one_piece(server):
    reads = open_reads(server.url)
    longest = await reads.run(lambda c: c.execute(text("SELECT @@group_concat_max_len")).scalar())
    await reads.dispose()
    assert longest >= LETTERS * (NAMED_AT_MOST + 1)


async def test_names_that_a_server_cuts_short_are_told_and_not_left_out(catalog, server):
    for number in range(10, 50):  # 2,560 letters of names
        await put(catalog, f"{number}")
    reads = open_reads(server.url)

    async def ask(statement: Select, **values: object) -> list:
        return await reads.run(lambda connection: list(connection.execute(statement, values)))

    async def cut_at(size: int) -> None:  # as `max_allowed_packet` does, of the whole server
        statement = f"SET SESSION group_concat_max_len = {size}"
        await reads.run(lambda connection: connection.exec_driver_sql(statement))

    everything, few = ObjectFilter(buckets=("images",)), ObjectFilter(prefix="4")
    assert len(await name_images(ask, everything, 1000)) == 40
    for size in (1024, 1000):  # between two names, and in the midst of one
        await cut_at(size)
        assert len(await name_images(ask, few, 1000)) == 10
        with pytest.raises(TransientError, match="max_allowed_packet"):
            await name_images(ask, everything, 1000)
    await reads.dispose()
