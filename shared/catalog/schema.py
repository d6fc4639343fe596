"""The catalog's tables.

`objects` says what became of each object; `images` says what is known of each set of bytes, however
many objects hold it; `leases` says who leads, `calibrations` what was measured on the user's own
pictures. The way there for existing databases is in migrations/; a test holds the two together.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table

from shared.catalog.columns import ByteText, UtcTime, fixed_bytes, word

metadata = MetaData()

MYSQL: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_default_charset": "utf8mb4"}


objects = Table(
    "objects",
    metadata,
    # SHA-256 of bucket, NUL, key: short and of one length, where keys reach 1,024 bytes.
    Column("object_id", fixed_bytes(32), primary_key=True),
    Column("bucket", ByteText(255), nullable=False),
    Column("key", ByteText(1024), nullable=False),
    Column("state", word(16), nullable=False),
    Column("image_id", word(64)),
    Column("size", BigInteger, nullable=False),
    Column("etag", ByteText(255), nullable=False),
    Column("version_id", ByteText(1024)),
    Column("last_modified", UtcTime, nullable=False),
    Column("user_key", ByteText(2048)),
    Column("reason", word(32)),
    Column("detail", ByteText(4096)),
    Column("recorded_at", UtcTime, nullable=False),
    # Those that end in `image_id` name the images that pass a filter without touching the rows.
    Index("objects_by_place", "bucket", "key", "image_id"),
    Index("objects_by_key", "key", "image_id"),
    Index("objects_by_user_key", "user_key", "image_id"),
    Index("objects_by_modified", "last_modified", "image_id"),
    # Pages of one state, and the counts per bucket without touching the rows.
    Index("objects_by_state", "state", "bucket", "key"),
    # Holds all that ranking an image's objects needs.
    Index("objects_by_image", "image_id", "bucket", "key"),
    # Answers `newest` by one look at its end.
    Index("objects_by_time", "state", "recorded_at"),
    **MYSQL,
)

images = Table(
    "images",
    metadata,
    Column("image_id", word(64), primary_key=True),
    Column("model_id", word(255), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("format", word(16), nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("state", word(16), nullable=False),
    # When an object last let go of it or, before any held it, when it was claimed. NULL while in
    # use. An image with a moment here *may* be unused; the collector looks before it acts.
    Column("unused_since", UtcTime),
    Column("indexed_at", UtcTime),
    Index("images_by_model", "model_id", "state", "image_id"),
    Index("images_by_unused", "unused_since"),
    # Each holds all that filters ask of an image, whichever of it tells the most.
    Index("images_by_format", "format", "width", "height", "image_id"),
    Index("images_by_width", "width", "height", "format", "image_id"),
    Index("images_by_height", "height", "width", "format", "image_id"),
    **MYSQL,
)

leases = Table(
    "leases",
    metadata,
    Column("name", word(64), primary_key=True),
    Column("holder", ByteText(255), nullable=False),
    Column("held_until", UtcTime, nullable=False),
    **MYSQL,
)

calibrations = Table(
    "calibrations",
    metadata,
    Column("model_id", word(255), primary_key=True),
    Column("near_duplicate", Double, nullable=False),
    Column("pairs", BigInteger, nullable=False),
    Column("measured_at", UtcTime, nullable=False),
    **MYSQL,
)
