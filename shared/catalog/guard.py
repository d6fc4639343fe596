"""One collector at a time on SQLite, which has no row locks to hold while the index deletes."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from shared.errors import TransientError


class Guard:
    """A lock among processes; the system lets go of it when its holder dies.

    It is SQLite's own lock, as that is at hand on every system, on an empty database beside the
    catalog's: the index writes the catalog's file while the guard is held.

    Args:
        catalog: the catalog's file.
    """

    def __init__(self, catalog: Path) -> None:
        self._file = catalog.with_name(f"{catalog.name}-collecting")

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """Hold the lock; False, at once, where another holds it.

        Raises:
            TransientError: the file cannot be opened.
        """
        try:
            connection = await asyncio.to_thread(self._connect)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise TransientError("catalog", str(error)) from error
            yield False
            return
        try:
            yield True
        finally:
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._file, timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except BaseException:
            connection.close()
            raise
        return connection
