"""A few rows of a small SQLite file, looked up in the caller's own thread and past SQLAlchemy.

A search joins its hits with their objects: twelve ids, 0.05 ms of SQLite's time. To find the
statement among those compiled, to build it for so many ids and to hand it to a thread costs ten
times as much beside a model that takes the processor's caches.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote

from sqlalchemy import Select
from sqlalchemy.dialects.sqlite import dialect

SMALL = 2**30
"""Bytes of a file that stays in memory once the index has read it, as it does at its start.

Some 200,000 pictures, their vectors among them.
"""

_SQLITE = dialect(paramstyle="named")


class Nearby:
    """Looks rows up where that is quick, and leaves the rest to whoever may wait.

    Args:
        file: the database, which is opened at the first look.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lookups: dict[Select[Any], _Lookup] = {}
        self._mine = Lock()  # guards the connection
        self._connection: sqlite3.Connection | None = None

    def rows(
        self, statement: Select[Any], ids: Sequence[str], numbers: Mapping[str, int]
    ) -> list[tuple[Any, ...]] | None:
        """Ask for rows by their ids; None where the file is large, busy or not to be read now.

        Args:
            statement: one of few, which are kept.
            ids: its list of image ids.
            numbers: its other parameters.
        """
        if self._is_small() and self._mine.acquire(blocking=False):
            try:
                with suppress(sqlite3.Error):  # whoever asks next is told
                    return self._lookup(statement).rows(self._connected(), ids, numbers)
            finally:
                self._mine.release()
        return None

    def close(self) -> None:
        """Close the file."""
        with self._mine:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _is_small(self) -> bool:
        try:
            return self._file.stat().st_size <= SMALL
        except OSError:
            return False

    def _lookup(self, statement: Select[Any]) -> "_Lookup":
        if statement not in self._lookups:
            self._lookups[statement] = _Lookup(statement)
        return self._lookups[statement]

    def _connected(self) -> sqlite3.Connection:
        """Return the connection, which waits for nobody."""
        if self._connection is None:
            self._connection = sqlite3.connect(
                f"file:{quote(str(self._file))}?mode=ro",
                uri=True,
                timeout=0,
                isolation_level=None,
                check_same_thread=False,
            )
        return self._connection


class _Lookup:
    """A statement as SQLite takes it, and how its rows are read."""

    def __init__(self, statement: Select[Any]) -> None:
        compiled = statement.compile(dialect=_SQLITE)
        self._text, self._values = compiled.string, compiled.params
        kinds = (column.type.dialect_impl(_SQLITE) for column in statement.selected_columns)
        readers = (
            (place, kind.result_processor(_SQLITE, None)) for place, kind in enumerate(kinds)
        )
        self._readers = [(place, read) for place, read in readers if read is not None]

    def rows(
        self, connection: sqlite3.Connection, ids: Sequence[str], numbers: Mapping[str, int]
    ) -> list[tuple[Any, ...]]:
        values = {**self._values, **numbers, "ids": json.dumps(ids)}
        return [self._read(row) for row in connection.execute(self._text, values).fetchall()]

    def _read(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for place, read in self._readers:
            if values[place] is not None:
                values[place] = read(values[place])
        return tuple(values)
