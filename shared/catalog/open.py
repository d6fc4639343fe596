"""Opening the catalog by its address: for ingest, which writes and migrates, and for search."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.addresses import sqlite_file
from shared.catalog.engines import open_reads, writing_engine
from shared.catalog.faults import OPTION, catalog_faults, refusals
from shared.catalog.guard import Guard
from shared.catalog.migrations import HEAD
from shared.catalog.queries import ANY_MODEL, OTHER_MODEL
from shared.catalog.reading import SqlReader
from shared.catalog.reads import AsyncReads, Reads
from shared.catalog.sql import SqlCatalog
from shared.errors import ConfigurationError


async def open_catalog(url: str, model_id: str) -> SqlCatalog:
    """Open the catalog for writing; creates what is missing and migrates what is old.

    Args:
        url: `sqlite:///file` (the rest taken literally) or `mysql://user:pw@host:3306/database`.
        model_id: the model whose embeddings the index holds.

    Raises:
        ConfigurationError: the address cannot be used, the catalog belongs to another model or to
            a newer Seenit.
        TransientError: the database does not answer.
    """
    file = sqlite_file(url)
    if file is not None:
        _make_folder(file.parent)
    reads, writing = open_reads(url), writing_engine(url)
    async with _closed_on_error(reads, writing):
        if await revision(AsyncReads(writing)) != HEAD:
            # Loading Alembic takes longer than opening the catalog; most starts do without.
            from shared.catalog.migrations.upgrading import upgrade  # noqa: PLC0415

            await upgrade(writing)
        await _refuse_other_model(reads, model_id)
        return SqlCatalog(reads, writing, model_id, Guard(file) if file else None)


async def open_reader(url: str, model_id: str | None = None) -> SqlReader:
    """Open the catalog for reading: it never writes, creates or migrates anything.

    Args:
        url: as for `open_catalog`.
        model_id: as for `open_catalog`; None, where no model is at hand, takes the catalog's own.

    Raises:
        ConfigurationError: there is no catalog yet, or not one that this Seenit can read, or it
            belongs to another model.
        TransientError: the database does not answer.
    """
    file = sqlite_file(url)
    if file is not None and not file.is_file():
        raise ConfigurationError(OPTION, f"there is no catalog at {file} yet; start ingest first")
    reads = open_reads(url)
    async with _closed_on_error(reads):
        present = await revision(reads)
        if present is None:
            makes = "start ingest" if file is not None else "run `seenit setup`"
            raise ConfigurationError(OPTION, f"the catalog has no tables yet; {makes} first")
        if present != HEAD:
            problem = (
                f"the catalog's tables are of revision {present}, not {HEAD}; "
                "run the same Seenit for ingest and search"
            )
            raise ConfigurationError(OPTION, problem)
        if model_id is None:
            return SqlReader(reads, await _own_model(reads))
        await _refuse_other_model(reads, model_id)
        return SqlReader(reads, model_id)


@asynccontextmanager
async def _closed_on_error(*opened: Reads | AsyncEngine) -> AsyncIterator[None]:
    """If opening fails, close what is open and say whose fault it was."""
    try:
        with catalog_faults(), refusals():
            try:
                yield
            except DatabaseError as error:
                _refuse_file(error)
                raise
    except BaseException:
        for each in opened:
            await each.dispose()
        raise


def _refuse_file(error: DatabaseError) -> None:
    """Raise `ConfigurationError` for a file that waiting cannot mend."""
    if not isinstance(error, OperationalError) and "not a database" in str(error.orig):
        raise ConfigurationError(OPTION, "the file is not an SQLite database") from None
    if "unable to open database file" in str(error.orig):
        raise ConfigurationError(OPTION, "the file cannot be opened") from None


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        problem = f"{folder} cannot be made: {error.strerror}"
        raise ConfigurationError(OPTION, problem) from None


async def revision(reads: Reads) -> str | None:
    """Read which revision the tables are of; None where there are none."""

    def read(connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()

    return await reads.run(read)


async def _own_model(reads: Reads) -> str:
    """Name the model of the catalog's images; empty while there are none."""
    return await reads.run(lambda connection: connection.execute(ANY_MODEL).scalar()) or ""


async def _refuse_other_model(reads: Reads, model_id: str) -> None:
    named = {"model_id": model_id}
    other = await reads.run(lambda connection: connection.execute(OTHER_MODEL, named).scalar())
    if other is not None:
        problem = (
            f"the catalog holds embeddings of {other}, not of {model_id}; "
            "set SEENIT_MODEL back, or use another data directory"
        )
        raise ConfigurationError("SEENIT_MODEL", problem)
