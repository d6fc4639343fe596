"""Makes the catalog's database and tables, and a user who may only read. May be repeated."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from shared.addresses import sqlite_file
from shared.catalog.engines import open_reads
from shared.catalog.faults import OPTION, catalog_faults
from shared.catalog.migrations import HEAD
from shared.catalog.open import open_catalog, revision
from shared.errors import ConfigurationError
from shared.steps import Did, Step

T = TypeVar("T")

_NO_SIGN_IN = 1045
_NOT_THERE = {
    _NO_SIGN_IN: "the server refuses the user or the password",
    1049: "there is no such database",
}
_MAY_NOT = {1044, 1142, 1227, 1370, 1396, 1410}
"""MySQL's numbers for what an account may not do."""


async def make_database(url: str) -> Step:
    """Make the database where it is missing.

    Args:
        url: `mysql://…/database`, of an account that may make it if need be.

    Raises:
        ConfigurationError: the address is malformed, or the account may not.
        TransientError: the server does not answer.
    """
    address = _server(url)
    name = address.database or ""
    statement = f"CREATE DATABASE {_quoted(name)} CHARACTER SET utf8mb4"

    def make(connection: Connection) -> Did:
        there = connection.exec_driver_sql("SHOW DATABASES").scalars().all()
        if name in there:
            return Did.FOUND
        connection.exec_driver_sql(statement)
        return Did.MADE

    with _refusals(OPTION, f"as one who may: {statement}"):
        # The one database that every server has and every account may look at.
        return Step("database", name, await _run(address.set(database="information_schema"), make))


async def make_tables(url: str, model_id: str) -> Step:
    """Make the tables, or bring them up to this Seenit's.

    Raises:
        ConfigurationError: as `open_catalog`.
        TransientError: the database does not answer.
    """
    with _refusals(OPTION):
        before = await _revision(url)
    catalog = await open_catalog(url, model_id)
    await catalog.close()
    did = Did.MADE if before is None else Did.FOUND if before == HEAD else Did.CHANGED
    detail = f"revision {HEAD}" + (f", up from {before}" if did is Did.CHANGED else "")
    name = sqlite_file(url) or _server(url).database
    return Step("tables", str(name), did, detail)


async def make_reader(url: str, user: str, password: str) -> Step:
    """Make a user who may read the database, and nothing else.

    Args:
        url: of an account that may make users and pass on the right to read.
        user: its name.
        password: its password; changed if it was another one.

    Raises:
        ConfigurationError: the account may not.
        TransientError: the server does not answer.
    """
    address = _server(url)
    database = _pattern(address.database or "")
    grant = f"GRANT SELECT ON {database}.* TO"

    def make(connection: Connection) -> Did:
        def do(statement: str, *values: str) -> None:
            connection.exec_driver_sql(statement, (user, *values))

        do("CREATE USER IF NOT EXISTS %s@'%%' IDENTIFIED BY %s", password)
        was_there = connection.exec_driver_sql("SELECT @@warning_count").scalar()
        do("ALTER USER %s@'%%' IDENTIFIED BY %s", password)
        do("REVOKE ALL PRIVILEGES, GRANT OPTION FROM %s@'%%'")
        do(f"{grant.replace('%', '%%')} %s@'%%'")
        return Did.CHANGED if was_there else Did.MADE

    advice = f"as one who may: CREATE USER '{user}'@'%' IDENTIFIED BY …; {grant} '{user}'@'%'"
    with _refusals("SEENIT_SEARCH_USER", advice):
        if await _reads_only(address.set(username=user, password=password), database):
            did = Did.FOUND
        else:
            did = await _run(address, make)
    return Step("user of the catalog", user, did, "may only read")


def is_read_only(grants: Iterable[str], database: str) -> bool:
    """Tell whether these grants allow to read the database, and nothing else.

    Args:
        grants: as MySQL and MariaDB show them.
        database: as it stands in grants: quoted, its wildcards escaped.
    """
    rights = [grant.partition(" TO ")[0] for grant in grants if "WITH GRANT OPTION" not in grant]
    wanted = f"GRANT SELECT ON {database}.*"
    return len(rights) == len([*grants]) and {*rights} == {"GRANT USAGE ON *.*", wanted}


async def _reads_only(address: URL, database: str) -> bool:
    """Sign in as a reader and look at its rights."""

    def look(connection: Connection) -> list[str]:
        return [*connection.exec_driver_sql("SHOW GRANTS").scalars()]

    try:
        return is_read_only(await _run(address, look), database)
    except DBAPIError as error:
        if _number(error) in {_NO_SIGN_IN, *_MAY_NOT}:
            return False
        raise


async def _run(address: URL, work: Callable[[Connection], T]) -> T:
    """Do something over a connection of its own, each statement committed at once."""
    reads = open_reads(address.render_as_string(hide_password=False))
    try:
        return await reads.run(work)
    finally:
        await reads.dispose()


async def _revision(url: str) -> str | None:
    """Tell of which revision the tables are; None where there are none."""
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        return None
    reads = open_reads(url)
    try:
        return await revision(reads)
    finally:
        await reads.dispose()


@contextmanager
def _refusals(option: str, advice: str = "") -> Iterator[None]:
    """Tell what the account may not do, and how to mend it."""
    with catalog_faults():
        try:
            yield
        except DBAPIError as error:
            number = _number(error)
            if number in _NOT_THERE:
                raise ConfigurationError(OPTION, _NOT_THERE[number]) from None
            if number in _MAY_NOT:
                problem = f"the server refused ({_words(error)}); {advice}"
                raise ConfigurationError(option, problem) from None
            raise


def _number(error: DBAPIError) -> int | None:
    return error.orig.args[0] if error.orig is not None and error.orig.args else None


def _words(error: DBAPIError) -> str:
    return str(error.orig.args[-1]) if error.orig is not None else ""


def _server(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        address = None
    if address is None or not address.database:
        raise ConfigurationError(OPTION, "must be like mysql://user:pw@host:3306/seenit")
    return address


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


def _pattern(name: str) -> str:
    """Write a database's name as grants take it, where `_` and `%` stand for anything."""
    return _quoted(re.sub(r"([_%\\])", r"\\\1", name))
