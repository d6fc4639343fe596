"""Objects and images."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_default_charset": "utf8mb4"}


def _text(max_bytes: int) -> TypeEngine[Any]:
    return sa.LargeBinary().with_variant(mysql.VARBINARY(max_bytes), "mysql", "mariadb")


def _word(length: int) -> TypeEngine[Any]:
    ascii_text = mysql.VARCHAR(length, charset="ascii", collation="ascii_bin")
    return sa.String(length).with_variant(ascii_text, "mysql", "mariadb")


def _moment() -> TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    """Make the tables of the first Seenit."""
    object_id = sa.LargeBinary().with_variant(mysql.BINARY(32), "mysql", "mariadb")
    op.create_table(
        "objects",
        sa.Column("object_id", object_id, nullable=False),
        sa.Column("bucket", _text(255), nullable=False),
        sa.Column("key", _text(1024), nullable=False),
        sa.Column("state", _word(16), nullable=False),
        sa.Column("image_id", _word(64)),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("etag", _text(255), nullable=False),
        sa.Column("version_id", _text(1024)),
        sa.Column("last_modified", _moment(), nullable=False),
        sa.Column("user_key", _text(2048)),
        sa.Column("reason", _word(32)),
        sa.Column("detail", _text(4096)),
        sa.Column("recorded_at", _moment(), nullable=False),
        sa.PrimaryKeyConstraint("object_id"),
        **MYSQL,
    )
    op.create_index("objects_by_place", "objects", ["bucket", "key"])
    op.create_index("objects_by_state", "objects", ["state", "bucket", "key"])
    op.create_index("objects_by_image", "objects", ["image_id", "bucket", "key"])
    op.create_index("objects_by_user_key", "objects", ["user_key"])
    op.create_index("objects_by_time", "objects", ["state", "recorded_at"])
    op.create_table(
        "images",
        sa.Column("image_id", _word(64), nullable=False),
        sa.Column("model_id", _word(255), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("format", _word(16), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("state", _word(16), nullable=False),
        sa.Column("unused_since", _moment()),
        sa.Column("indexed_at", _moment()),
        sa.PrimaryKeyConstraint("image_id"),
        **MYSQL,
    )
    op.create_index("images_by_model", "images", ["model_id", "state"])
    op.create_index("images_by_unused", "images", ["unused_since"])
