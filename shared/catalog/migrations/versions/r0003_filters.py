"""Indices that lead from a filter to its images without touching the rows."""

from shared.catalog.migrations.repeatable import create_index

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let each kind of filter name its images from one index alone."""
    create_index("objects_by_place", "objects", ["bucket", "key", "image_id"])
    create_index("objects_by_key", "objects", ["key", "image_id"])
    create_index("objects_by_user_key", "objects", ["user_key", "image_id"])
    create_index("objects_by_modified", "objects", ["last_modified", "image_id"])
    create_index("images_by_format", "images", ["format", "width", "height", "image_id"])
    create_index("images_by_width", "images", ["width", "height", "format", "image_id"])
    create_index("images_by_height", "images", ["height", "width", "format", "image_id"])
