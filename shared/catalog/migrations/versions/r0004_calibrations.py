"""Thresholds measured on the user's own pictures."""

import sqlalchemy as sa

from shared.catalog.migrations.repeatable import create_table, moment, word

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of calibrations."""
    create_table(
        "calibrations",
        sa.Column("model_id", word(255), nullable=False),
        sa.Column("near_duplicate", sa.Double(), nullable=False),
        sa.Column("pairs", sa.BigInteger(), nullable=False),
        sa.Column("measured_at", moment(), nullable=False),
        sa.PrimaryKeyConstraint("model_id"),
    )
