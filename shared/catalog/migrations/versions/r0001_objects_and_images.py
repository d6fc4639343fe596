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

MYSQL = {"mysql_engine": "InnoDB", "mysql_default_charset": "utf8mb4"}


def text(max_bytes: int) -> TypeEngine[Any]:
    return sa.LargeBinary().with_variant(mysql.VARBINARY(max_bytes), "mysql", "mariadb")


def word(length: int) -> TypeEngine[Any]:
    ascii_text = mysql.VARCHAR(length, charset="ascii", collation="ascii_bin")
    return sa.String(length).with_variant(ascii_text, "mysql", "mariadb")


def moment() -> TypeEngine[Any]:
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


def upgrade() -> None:
    object_id = sa.LargeBinary().with_variant(mysql.BINARY(32), "mysql", "mariadb")
    op.create_table(
        "objects",
        sa.Column("object_id", object_id, nullable=False),
        sa.Column("bucket", text(255), nullable=False),
        sa.Column("key", text(1024), nullable=False),
        sa.Column("state", word(16), nullable=False),
        sa.Column("image_id", word(64)),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("etag", text(255), nullable=False),
        sa.Column("version_id", text(1024)),
        sa.Column("last_modified", moment(), nullable=False),
        sa.Column("user_key", text(2048)),
        sa.Column("reason", word(32)),
        sa.Column("detail", text(4096)),
        sa.Column("recorded_at", moment(), nullable=False),
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
        sa.Column("image_id", word(64), nullable=False),
        sa.Column("model_id", word(255), nullable=False),
        sa.Column("width", sa.Integer, nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("format", word(16), nullable=False),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("state", word(16), nullable=False),
        sa.Column("unused_since", moment()),
        sa.Column("indexed_at", moment()),
        sa.PrimaryKeyConstraint("image_id"),
        **MYSQL,
    )
    op.create_index("images_by_model", "images", ["model_id", "state"])
    op.create_index("images_by_unused", "images", ["unused_since"])
