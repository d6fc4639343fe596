"""What the database's errors mean: wait, repeat at once, ask the operator, or our mistake.

Waited for is a database that is locked, full (1021, 1114), read-only (1290, 1792, 1836), out of
connections (1040, 1203), broken off (2006, 2013) or away (2003): all that its drivers call
operational, and one that has lost its tables (1146). What it refuses to a user for good is told
apart by number.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from shared.errors import ConfigurationError, TransientError

OPTION = "SEENIT_CATALOG_URL"

DUPLICATE_ENTRY, LOCK_WAIT_TIMEOUT, DEADLOCK = 1062, 1205, 1213
"""MySQL's numbers for two writers that got into each other's way."""

NO_SUCH_TABLE = 1146

_REFUSED = {
    1044: "access denied",  # to the database
    1045: "access denied",  # by name and password
    1049: "there is no such database",
    1142: "its user lacks a right",  # on a table
    1143: "its user lacks a right",  # on a column
    1227: "its user lacks a right",  # of administration
    1698: "access denied",  # by the way of signing in
}
"""MySQL's numbers for what no waiting makes right."""


def number_of(error: exc.DBAPIError) -> int | None:
    """Tell MySQL's number of an error; SQLite has none."""
    arguments = error.orig.args if error.orig is not None else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else None


def is_conflict(error: Exception) -> bool:
    """Tell whether a transaction lost against another one, and would do better at once.

    A duplicate entry counts: every transaction looks before it inserts, so the row came in between.
    """
    if not isinstance(error, exc.DBAPIError):
        return False
    return number_of(error) in (DUPLICATE_ENTRY, LOCK_WAIT_TIMEOUT, DEADLOCK)


@contextmanager
def catalog_faults() -> Iterator[None]:
    """Turn a database that cannot answer or write now into `TransientError`.

    Anything else (a statement or value that the database refuses) is a mistake of ours and passes.
    """
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError) as error:
        raise TransientError("catalog", str(error.orig)) from error
    except exc.TimeoutError as error:
        raise TransientError("catalog", "all connections are taken") from error
    except TimeoutError as error:
        raise TransientError("catalog", "it took too long to answer") from error
    except exc.DBAPIError as error:
        if number_of(error) == NO_SUCH_TABLE:  # there when it was opened
            problem = f"its tables are gone, `seenit setup` makes them anew ({error.orig})"
            raise TransientError("catalog", problem) from error
        if not (is_conflict(error) or error.connection_invalidated):
            raise
        raise TransientError("catalog", str(error.orig)) from error


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what the database refuses to its user into `ConfigurationError`.

    For opening and writing. One who only reads goes on where rights are taken away and given back.
    """
    try:
        yield
    except exc.DBAPIError as error:
        number = number_of(error)
        if number not in _REFUSED:
            raise
        raise ConfigurationError(OPTION, f"{_REFUSED[number]} ({error.orig})") from None
