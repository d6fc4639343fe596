"""Bytes to pixels, alike for ingest and search. Runs inside a decoding process (child.py).

A picture is squeezed to 224 x 224 whatever its shape: the models were trained on squares, and
cropping would hide what lies at the edges. JPEG is decoded at a reduced scale where it is large.
"""

import io
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.images.boxes import Box
from shared.images.header import at_most, read_header
from shared.images.pixels import SWAPPING, eight_bit, on_white, orientation_of, turned
from shared.images.views import WHOLE, Sight, Way, inner_views, turned_views

SIDE = 224
"""Pixels of a side of the models' input."""

_LOOKED_AT = 320
"""Pixels of the shorter side at which a JPEG is decoded, at the least, to find the picture inside
it: finer than a model's input, as that picture is smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A picture ready for a model.

    Attributes:
        pixels: RGB, uint8, shape (224, 224, 3).
        width, height: of the whole picture as seen, after the EXIF orientation.
        format: Pillow's name, such as `JPEG`.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str


@dataclass(frozen=True, slots=True, eq=False)
class DecodedViews:
    """A picture seen in several ways, ready for a model.

    Attributes:
        pixels: RGB, uint8, shape (n, 224, 224, 3).
        sights: what each is; the whole comes first.
        width, height, format: of the whole picture, as in `DecodedImage`.
    """

    pixels: NDArray[np.uint8]
    sights: tuple[Sight, ...]
    width: int
    height: int
    format: str


def decode(data: bytes, *, max_pixels: int, box: Box | None = None) -> DecodedImage:
    """Decode the first frame, upright, transparent parts white, squeezed to the models' input.

    Raises:
        Rejected: whatever is wrong with the bytes, with its reason.
    """
    with at_most(max_pixels):
        picture = read_header(data, max_pixels)
        width, height = picture.size
        if box is None:
            picture.draft("RGB", (SIDE, SIDE))
        small, orientation = _load(picture, (SIDE, SIDE) if box is None else None)
    if orientation in SWAPPING:
        width, height = height, width
    upright = turned(small, orientation)
    if box is not None:
        upright = upright.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box.pixels(width, height))
    return DecodedImage(np.asarray(on_white(upright)), width, height, _named(picture))


def decode_views(
    data: bytes, *, max_pixels: int, box: Box | None = None, ways: Collection[Way] = ()
) -> DecodedViews:
    """Decode as `decode` does, and also see the picture in other ways.

    Args:
        data: the file.
        max_pixels: that it may have.
        box: the part to see; of the picture as seen.
        ways: `auto` adds the pictures found inside it, `flip` and `rotate` the mirrored and turned.

    Raises:
        Rejected: as `decode`.
    """
    if "auto" not in ways:
        image = decode(data, max_pixels=max_pixels, box=box)
        pixels, sights = turned_views([image.pixels], [WHOLE], ways)
        return DecodedViews(pixels, sights, image.width, image.height, image.format)
    with at_most(max_pixels):
        picture = read_header(data, max_pixels)
        width, height = picture.size
        if box is None:
            picture.draft("RGB", (_LOOKED_AT, _LOOKED_AT))
        colour, orientation = _load(picture, None)
        upright = turned(colour, orientation)
        part = upright if box is None else upright.crop(box.pixels(*upright.size))
        squares, seen = inner_views(on_white(part), SIDE)
    if orientation in SWAPPING:
        width, height = height, width
    if box is not None:
        seen = [Sight(view, place and place.of_part(box)) for view, place in seen]
    pixels, sights = turned_views(squares, seen, ways)
    return DecodedViews(pixels, sights, width, height, _named(picture))


def thumbnail(data: bytes, *, max_pixels: int, size: int) -> bytes:
    """Encode a WebP whose longer side is at most `size` pixels, without the original's metadata.

    Raises:
        Rejected: as `decode`.
    """
    with at_most(max_pixels):
        picture = read_header(data, max_pixels)
        picture.draft("RGB", (size, size))
        full, orientation = _load(picture, None)
    upright = turned(full, orientation)
    upright.thumbnail((size, size), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    on_white(upright).save(encoded, "WEBP", quality=80, method=2)
    return encoded.getvalue()


def _named(picture: Image.Image) -> str:
    return str(picture.format).replace("MPO", "JPEG")


def _load(picture: Image.Image, size: tuple[int, int] | None) -> tuple[Image.Image, int]:
    """Decode to RGB or RGBA, resized to `size` if given; tell the orientation still to apply."""
    picture.load()
    plain = eight_bit(picture)
    has_alpha = plain.has_transparency_data
    colour = plain.convert("RGBA" if has_alpha else "RGB")
    if size is not None:
        colour = colour.resize(size, Image.Resampling.BILINEAR)
    return colour, orientation_of(picture)
