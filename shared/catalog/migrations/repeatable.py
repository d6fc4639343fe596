"""Changes of tables that may be repeated.

MySQL's know no transactions: a migration that was cut off leaves what it did so far, and the next
start takes it up from there.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

_MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_default_charset": "utf8mb4"}


def create_table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table where it is missing."""
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **_MYSQL)


def create_index(name: str, table: str, columns: Sequence[str]) -> None:
    """Make an index of these columns, in place of another one of that name."""
    indexes = {found["name"]: found for found in sa.inspect(op.get_bind()).get_indexes(table)}
    if name in indexes:
        if indexes[name]["column_names"] == list(columns):
            return
        op.drop_index(name, table)
    op.create_index(name, table, list(columns))


def byte_text(max_bytes: int) -> sa.types.TypeEngine[Any]:
    """Text from outside, as bytes."""
    return sa.LargeBinary().with_variant(mysql.VARBINARY(max_bytes), "mysql", "mariadb")


def word(length: int) -> sa.types.TypeEngine[Any]:
    """ASCII of our own making."""
    ascii_text = mysql.VARCHAR(length, charset="ascii", collation="ascii_bin")
    return sa.String(length).with_variant(ascii_text, "mysql", "mariadb")


def moment() -> sa.types.TypeEngine[Any]:
    """A time in UTC, with microseconds."""
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
