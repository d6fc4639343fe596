"""Leases, and images of one state in order."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_default_charset": "utf8mb4"}


def upgrade() -> None:
    """Add the table of leases; lead from a state to its images in order."""
    name = sa.String(64).with_variant(
        mysql.VARCHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb"
    )
    holder = sa.LargeBinary().with_variant(mysql.VARBINARY(255), "mysql", "mariadb")
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    op.create_table(
        "leases",
        sa.Column("name", name, nullable=False),
        sa.Column("holder", holder, nullable=False),
        sa.Column("held_until", moment, nullable=False),
        sa.PrimaryKeyConstraint("name"),
        **MYSQL,
    )
    op.drop_index("images_by_model", "images")
    op.create_index("images_by_model", "images", ["model_id", "state", "image_id"])
