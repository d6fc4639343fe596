"""Objects and images."""

import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from shared.catalog.migrations.repeatable import (
    byte_text,
    create_index,
    create_table,
    moment,
    word,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first Seenit."""
    object_id = sa.LargeBinary().with_variant(mysql.BINARY(32), "mysql", "mariadb")
    create_table(
        "objects",
        sa.Column("object_id", object_id, nullable=False),
        sa.Column("bucket", byte_text(255), nullable=False),
        sa.Column("key", byte_text(1024), nullable=False),
        sa.Column("state", word(16), nullable=False),
        sa.Column("image_id", word(64)),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("etag", byte_text(255), nullable=False),
        sa.Column("version_id", byte_text(1024)),
        sa.Column("last_modified", moment(), nullable=False),
        sa.Column("user_key", byte_text(2048)),
        sa.Column("reason", word(32)),
        sa.Column("detail", byte_text(4096)),
        sa.Column("recorded_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("object_id"),
    )
    create_index("objects_by_place", "objects", ["bucket", "key"])
    create_index("objects_by_state", "objects", ["state", "bucket", "key"])
    create_index("objects_by_image", "objects", ["image_id", "bucket", "key"])
    create_index("objects_by_user_key", "objects", ["user_key"])
    create_index("objects_by_time", "objects", ["state", "recorded_at"])
    create_table(
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
    )
    create_index("images_by_model", "images", ["model_id", "state"])
    create_index("images_by_unused", "images", ["unused_since"])
