"""Leases, and images of one state in order."""

import sqlalchemy as sa

from shared.catalog.migrations.repeatable import (
    byte_text,
    create_index,
    create_table,
    moment,
    word,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table of leases; lead from a state to its images in order."""
    create_table(
        "leases",
        sa.Column("name", word(64), nullable=False),
        sa.Column("holder", byte_text(255), nullable=False),
        sa.Column("held_until", moment(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    create_index("images_by_model", "images", ["model_id", "state", "image_id"])
