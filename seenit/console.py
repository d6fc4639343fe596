"""What the command line prints, and how it ends."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stamina.instrumentation
import typer
from rich.console import Console, RenderableType
from rich.logging import RichHandler
from rich.markup import escape

from shared.errors import ConfigurationError, SeenitError

log = logging.getLogger(__name__)

out = Console(highlight=False)
"""Results."""

notes = Console(stderr=True, highlight=False)
"""Progress, remarks and errors: never in the way of a script that reads the results."""

FAILED, MISUSED = 1, 2
ROOMS = ("seenit", "streams", "search_api", "shared")
WIDE = 10_000


def log_to_console(level: str) -> None:
    """Send the program's log to the console: for reading on a terminal, else a line an entry."""
    if notes.is_terminal:
        handler = RichHandler(console=notes, show_path=False, show_time=False, markup=False)
        logging.basicConfig(format="%(message)s", handlers=[handler], force=True)
    else:
        logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger().setLevel(logging.WARNING)  # of what others have to say
    for room in ROOMS:
        logging.getLogger(room).setLevel(level.upper())
    stamina.instrumentation.set_on_retry_hooks([_tell_retry])


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    log.warning("%s; trying again in %.1f s", details.caused_by, details.wait_for)


def print_json(data: Any) -> None:  # noqa: ANN401 - whatever a verb has to say
    """Print one JSON document, keys that are no Unicode escaped."""
    print(json.dumps(data, ensure_ascii=True, default=str))


def print_table(table: RenderableType) -> None:
    """Print a table: as wide as the terminal, else a row a line however long, for scripts."""
    console = out if out.is_terminal else Console(width=WIDE, highlight=False)
    console.print(table)


def plain(text: str) -> str:
    """Make any key printable: markup and control characters are shown, not obeyed."""
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return escape(
        "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in readable)
    )


@contextmanager
def told_plainly() -> Iterator[None]:
    """Turn Seenit's own errors, and the system's, into one line and an exit code.

    Raises:
        typer.Exit: 2 for a configuration that cannot be, 1 for everything else.
    """
    try:
        yield
    except ConfigurationError as error:
        notes.print(f"[bold red]seenit:[/] {plain(str(error))}", soft_wrap=True)
        raise typer.Exit(MISUSED) from None
    except (SeenitError, OSError) as error:
        notes.print(f"[bold red]seenit:[/] {plain(str(error))}", soft_wrap=True)
        raise typer.Exit(FAILED) from None
    except ExceptionGroup as group:
        mine, rest = group.split((SeenitError, OSError))
        if mine is None or rest is not None:
            raise
        with told_plainly():
            raise _first(mine) from None


def _first(group: ExceptionGroup[Exception]) -> Exception:
    error: Exception = group
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
