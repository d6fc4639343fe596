"""Column types that mean the same on SQLite and MySQL."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, LargeBinary, String
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeDecorator, TypeEngine

SERVERS = ("mysql", "mariadb")
"""SQLAlchemy's names of the dialects that MySQL and MariaDB share."""


class ByteText(TypeDecorator[str]):
    """Text from outside, kept byte for byte: compared and ordered like memcmp on both stores.

    Case, accents, trailing spaces and normalisation all tell; surrogate escapes (PEP 383) stand
    for bytes that are not UTF-8.
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, max_bytes: int) -> None:
        super().__init__(max_bytes)
        self.max_bytes = max_bytes

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[bytes]:
        """VARBINARY on MySQL, which can be indexed whole; BLOB on SQLite."""
        if dialect.name in SERVERS:
            return dialect.type_descriptor(mysql.VARBINARY(self.max_bytes))
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        """Encode; what came in as surrogate escapes goes out as the bytes it stood for."""
        return None if value is None else value.encode("utf-8", "surrogateescape")

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        """Decode, exactly the reverse."""
        return None if value is None else value.decode("utf-8", "surrogateescape")


class UtcTime(TypeDecorator[datetime]):
    """A moment, in UTC with microseconds; aware outside the store, naive inside."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime]:
        """DATETIME(6) on MySQL, whose plain DATETIME drops the fraction."""
        if dialect.name in SERVERS:
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Shift to UTC.

        Raises:
            ValueError: the moment is naive; guessing its zone would make every comparison doubtful.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment in the catalog must be aware")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Say again that it is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def fixed_bytes(length: int) -> TypeEngine[bytes]:
    """Exactly so many bytes, such as a hash."""
    return LargeBinary().with_variant(mysql.BINARY(length), *SERVERS)


def word(max_length: int) -> TypeEngine[str]:
    """ASCII of our own making (names, states, hex), case-sensitive and cheap to index."""
    ascii_text = mysql.VARCHAR(max_length, charset="ascii", collation="ascii_bin")
    return String(max_length).with_variant(ascii_text, *SERVERS)
