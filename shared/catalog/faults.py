"""What the database's errors mean: wait and repeat, repeat at once, or a mistake of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from shared.errors import TransientError

DUPLICATE_ENTRY, LOCK_WAIT_TIMEOUT, DEADLOCK = 1062, 1205, 1213
"""MySQL's numbers for two writers that got into each other's way."""


def is_conflict(error: Exception) -> bool:
    """Tell whether a transaction lost against another one, and would do better at once.

    A duplicate entry counts: every transaction looks before it inserts, so the row came in between.
    """
    if not isinstance(error, exc.DBAPIError) or error.orig is None or not error.orig.args:
        return False
    return error.orig.args[0] in (DUPLICATE_ENTRY, LOCK_WAIT_TIMEOUT, DEADLOCK)


@contextmanager
def catalog_faults() -> Iterator[None]:
    """Turn a database that is locked, full, read-only, broken off or away into `TransientError`.

    Anything else (a statement or value that the database refuses) is a mistake of ours and passes.
    """
    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.InternalError) as error:
        raise TransientError("catalog", str(error.orig)) from error
    except exc.TimeoutError as error:
        raise TransientError("catalog", "all connections are taken") from error
    except exc.DBAPIError as error:
        if not (is_conflict(error) or error.connection_invalidated):
            raise
        raise TransientError("catalog", str(error.orig)) from error
