"""An image, and how alike it is to another."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class ImageState(StrEnum):
    """Where an image is in its life; see `shared.protocols.Catalog`."""

    PENDING = "pending"
    INDEXED = "indexed"
    COLLECTING = "collecting"


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What is known of an image beside its embedding.

    Attributes:
        image_id: SHA-256 of the bytes, hex.
        width, height: pixels as seen, after the EXIF orientation.
        format: Pillow's name of the format, such as `JPEG`.
        bytes: the file's length.
    """

    image_id: str
    width: int
    height: int
    format: str
    bytes: int


class Neighbour(NamedTuple):
    """One answer of the index.

    Attributes:
        cosine: -1 to 1.
    """

    image_id: str
    cosine: float


@dataclass(frozen=True, slots=True)
class MeasuredThreshold:
    """What was measured on the user's own pictures, in place of the model's own threshold.

    Attributes:
        near_duplicate: the least cosine of a near duplicate.
        pairs: unrelated pairs of pictures it was measured on.
    """

    near_duplicate: float
    pairs: int
    measured_at: datetime
