"""Bytes to pixels, alike for ingest and search. Runs inside a decoding process (child.py).

A picture is squeezed to 224 x 224 whatever its shape: the models were trained on squares, and
cropping would hide what lies at the edges. JPEG is decoded at a reduced scale where it is large.
"""

import io
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import (  # the plugins register themselves: only these formats are ever tried
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from shared.errors import Reason, Rejected
from shared.images.boxes import Box
from shared.images.formats import PILLOWS_OWN, refuse_unreadable
from shared.images.pixels import SWAPPING, eight_bit, on_white, orientation_of, turned
from shared.images.soundness import refuse_unsound
from shared.images.views import WHOLE, Sight, Way, inner_views, turned_views

_PLUGINS = (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

try:
    import pi_heif
except ImportError:
    READABLE: tuple[str, ...] = PILLOWS_OWN
else:
    pi_heif.register_heif_opener()
    READABLE = (*PILLOWS_OWN, "HEIF")

SIDE = 224
"""Pixels of a side of the models' input."""

_LOOKED_AT = 320
"""Pixels of the shorter side at which a JPEG is decoded, at the least, to find the picture inside
it: finer than a model's input, as that picture is smaller."""

MAX_SIDE = 65_535
"""The longest side that is decoded; JPEG's own limit. A 1 x 1,000,000 picture shows nothing."""

warnings.simplefilter("error", Image.DecompressionBombWarning)
ImageFile.LOAD_TRUNCATED_IMAGES = False


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
    with _at_most(max_pixels):
        picture = _open(data, max_pixels)
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
    with _at_most(max_pixels):
        picture = _open(data, max_pixels)
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
    with _at_most(max_pixels):
        picture = _open(data, max_pixels)
        picture.draft("RGB", (size, size))
        full, orientation = _load(picture, None)
    upright = turned(full, orientation)
    upright.thumbnail((size, size), Image.Resampling.LANCZOS)
    encoded = io.BytesIO()
    on_white(upright).save(encoded, "WEBP", quality=80, method=2)
    return encoded.getvalue()


@contextmanager
def _at_most(max_pixels: int) -> Iterator[None]:
    """Have Pillow refuse larger pictures, also those inside others; of the process, meanwhile."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _open(data: bytes, max_pixels: int) -> Image.Image:
    """Read the header only, and refuse what would be too large before a pixel is decoded."""
    try:
        picture = Image.open(io.BytesIO(data), formats=READABLE)
    except UnidentifiedImageError:
        raise refuse_unreadable(data, "no decoder takes its header") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        detail = f"the picture has more than {max_pixels:,} pixels"
        raise Rejected(Reason.TOO_MANY_PIXELS, detail) from None
    width, height = picture.size
    if width * height > max_pixels:
        raise Rejected(
            Reason.TOO_MANY_PIXELS, f"{width} x {height} is more than {max_pixels:,} pixels"
        )
    if max(width, height) > MAX_SIDE:
        raise Rejected(
            Reason.TOO_MANY_PIXELS, f"{width} x {height}: a side is longer than {MAX_SIDE:,}"
        )
    refuse_unsound(data, str(picture.format), max_pixels)
    return picture


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
