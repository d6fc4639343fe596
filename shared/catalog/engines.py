"""Connections to the catalog's database, one engine for reading and one for writing.

SQLite: a write-ahead log, so that readers and the one writer never wait for each other; the vector
index may write the same file from connections of its own. MySQL: READ COMMITTED and row locks.
"""

from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from shared.addresses import sqlite_file
from shared.catalog.faults import OPTION
from shared.catalog.nearby import Nearby
from shared.catalog.reads import AsyncReads, Reads, ThreadedReads
from shared.errors import ConfigurationError

READERS = 4
"""Connections for reading; searches beyond that queue for the moment a read takes."""

BUSY_MS = 30_000
"""How long a writer waits for another one's transaction before it gives up."""

CONNECT_S = 5
"""How long a server may take to answer a new connection."""

_WRITER_SESSION = (
    # Whoever waits for a row longer starts over, and so shows that it is still there.
    "SET SESSION innodb_lock_wait_timeout = 10,"
    # A process that was stopped in the middle of a transaction holds its rows no longer than this.
    " wait_timeout = 60,"
    # What does not fit is refused, never cut.
    " sql_mode = 'STRICT_ALL_TABLES'"
)
_READER_SESSION = (
    # Bytes of a list of names; a longer one would be cut without a word.
    "SET SESSION group_concat_max_len = 16000000"
)
_WRITER_PRAGMAS = (
    f"busy_timeout={BUSY_MS}",
    "journal_mode=WAL",
    "synchronous=NORMAL",
    # Digests land on pages at random: the more the log gathers (pages of 4 KiB), the fewer times
    # each is written back.
    "wal_autocheckpoint=10000",
    "cache_size=-65536",
)
_READER_PRAGMAS = (f"busy_timeout={BUSY_MS}", "cache_size=-16384")


def writing_engine(url: str) -> AsyncEngine:
    """Connect for transactions that write; connects at first use.

    Raises:
        ConfigurationError: the address or its driver cannot be used.
    """
    file = sqlite_file(url)
    if file is None:
        return _server_engine(
            url,
            isolation_level="READ COMMITTED",
            session=_WRITER_SESSION,
            pool_reset_on_return=None,  # a transaction here always ends before that
        )
    # One connection: writers of one process take turns here rather than poll the file's lock.
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=str(file)), pool_size=1, max_overflow=0
    )
    _set_pragmas(engine.sync_engine, _WRITER_PRAGMAS)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    return engine


def open_reads(url: str) -> Reads:
    """Connect for single statements that read what is committed; connects at first use.

    Raises:
        ConfigurationError: the address or its driver cannot be used.
    """
    file = sqlite_file(url)
    if file is None:
        return AsyncReads(
            _server_engine(
                url,
                isolation_level="AUTOCOMMIT",
                session=_READER_SESSION,
                skip_autocommit_rollback=True,
            )
        )
    engine = create_engine(
        URL.create(
            "sqlite",
            database=f"file:{quote(str(file))}",
            query={"mode": "ro", "uri": "true"},
        ),
        pool_size=READERS,
        max_overflow=0,
        pool_reset_on_return=None,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
    )
    _set_pragmas(engine, _READER_PRAGMAS)
    return ThreadedReads(engine, READERS, Nearby(file))


def _server_engine(
    url: str,
    *,
    session: str | None = None,
    **options: Any,  # noqa: ANN401 - create_engine's own
) -> AsyncEngine:
    try:
        address = make_url(url).set(drivername="mysql+aiomysql")
        return create_async_engine(
            address.update_query_dict({"charset": "utf8mb4"}),
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_S, "init_command": session},
            **options,
        )
    except (ArgumentError, ValueError):
        problem = "must be like mysql://user:pw@host:3306/seenit"
        raise ConfigurationError(OPTION, problem) from None
    except ImportError:
        problem = "MySQL needs the extra packages of `pip install seenit[distributed]`"
        raise ConfigurationError(OPTION, problem) from None


def _set_pragmas(engine: Engine, pragmas: tuple[str, ...]) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _entry: ConnectionPoolEntry) -> None:  # noqa: ANN401 - a driver's
        # The driver must not begin transactions by itself; see _begin_immediate.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at the start: a read that later wants to write would fail at once."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
