"""A picture's header: what is none, too large or not sound is refused before it is decoded."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

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
from shared.images.formats import PILLOWS_OWN, refuse_unreadable
from shared.images.soundness import refuse_unsound

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

MAX_SIDE = 65_535
"""The longest side that is decoded; JPEG's own limit. A 1 x 1,000,000 picture shows nothing."""

warnings.simplefilter("error", Image.DecompressionBombWarning)
ImageFile.LOAD_TRUNCATED_IMAGES = False


@contextmanager
def at_most(max_pixels: int) -> Iterator[None]:
    """Have Pillow refuse larger pictures, also those inside others; of the process, meanwhile."""
    before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
    try:
        yield
    finally:
        Image.MAX_IMAGE_PIXELS = before


def read_header(data: bytes, max_pixels: int) -> Image.Image:
    """Read the header only; the picture is still to be loaded.

    Raises:
        Rejected: no picture, too large, or not sound.
    """
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
