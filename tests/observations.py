"""Tables of what the tests observed, printed at their end: one per kind, whichever process saw it.

A plugin of pytest. A row is noted when its case begins and filled in as it goes on; with several
processes the last word is the first one's.
"""

from collections.abc import Sequence
from typing import Any, Protocol

import pytest

Cells = Sequence[str]
"""One row, cell by cell; the last is text, the others are numbers."""


class Row(Protocol):
    """One line of a table."""

    title: str
    """Of the table."""
    head: Cells
    """Of the table's columns."""

    def cells(self) -> Cells:
        """Set the row."""


ROWS = pytest.StashKey[list[Row]]()
_OTHERS = pytest.StashKey[list[tuple[str, Cells, Cells]]]()
_WORD = "observed"


@pytest.fixture(scope="session")
def observed(request: pytest.FixtureRequest) -> list[Row]:
    """Take rows of all tables."""
    return request.config.stash.setdefault(ROWS, [])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a process that runs tests for another, hand the rows over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_WORD] = _seen(session.config)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the rows of a process that has ended; a killed one has none."""
    rows = (getattr(node, "workeroutput", None) or {}).get(_WORD, [])
    node.config.stash.setdefault(_OTHERS, []).extend(rows)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the tables."""
    tables: dict[str, list[Cells]] = {}
    for title, head, cells in [*_seen(config), *config.stash.get(_OTHERS, [])]:
        tables.setdefault(title, [head]).append(cells)
    for title, (head, *rows) in sorted(tables.items()):
        terminalreporter.section(title)
        for line in lines([head, *sorted(rows, key=lambda cells: float(cells[0]))]):
            terminalreporter.line(line)


def lines(rows: Sequence[Cells]) -> list[str]:
    """Align the cells of all rows, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    return [
        "  ".join([*(cell.rjust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in rows
    ]


def _seen(config: pytest.Config) -> list[tuple[str, Cells, Cells]]:
    return [(row.title, row.head, row.cells()) for row in config.stash.get(ROWS, [])]
