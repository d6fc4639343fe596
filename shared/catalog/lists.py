"""Lists of ids in statements: how they are split, and how a statement takes one.

SQLite takes a list of image ids as one value, as JSON: a third less work than as many parameters,
each of which SQLAlchemy, the driver and the database look at. Bytes cannot be in JSON, and MySQL
has nothing alike: there each id is a parameter.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Self, TypeVar

from sqlalchemy import JSON, Boolean, ColumnElement, String, bindparam, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

CHUNK = 900
"""Values in one list: far above a batch. MariaDB makes a table of a list of a thousand first."""

T = TypeVar("T")


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """Split values into lists short enough for `among`."""
    remaining = iter(values)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


class among(FunctionElement[bool]):  # noqa: N801 - SQLAlchemy's way to a function of one's own
    """Ask for rows whose `column` is one of the parameter `ids`, a list of at most `CHUNK`."""

    inherit_cache = True
    type = Boolean()

    def __init__(self, column: ColumnElement[Any]) -> None:
        super().__init__(column)

    def self_group(self, against: object = None) -> Self:  # noqa: ARG002 - SQLAlchemy's
        """Stand as it is: compared with 1, as functions are, it would not lead to an index."""
        return self


@compiles(among)
def _each(asked: among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    (column,) = asked.clauses
    ids = bindparam("ids", expanding=True, type_=column.type)
    return compiler.process(column.in_(ids), **how)


@compiles(among, "sqlite")
def _as_json(asked: among, compiler: SQLCompiler, **how: Any) -> str:  # noqa: ANN401 - as above
    (column,) = asked.clauses
    if not isinstance(column.type, String):
        return _each(asked, compiler, **how)
    ids = func.json_each(bindparam("ids", type_=JSON())).table_valued("value")
    return compiler.process(column.in_(select(ids.c.value)), **how)
