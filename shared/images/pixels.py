"""From whatever a decoder gives to upright 8-bit colours on white."""

import numpy as np
from PIL import ExifTags, Image

_TURNS = {  # EXIF orientation to what makes it upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

SWAPPING = (5, 6, 7, 8)
"""Orientations that make a picture as wide as it was high."""


def orientation_of(picture: Image.Image) -> int:
    """Read the EXIF orientation; 1 where there is none or the EXIF is corrupt.

    Asked after loading, when Pillow has already turned a TIFF and dropped its tag.
    """
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except (SyntaxError, ValueError, TypeError, OSError, KeyError, IndexError):
        return 1


def turned(picture: Image.Image, orientation: int) -> Image.Image:
    """Turn and mirror; the squeezed square may be turned as well as the whole, and is cheaper."""
    turn = _TURNS.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def on_white(picture: Image.Image) -> Image.Image:
    """Lay transparent parts on white, as a page would show them; hidden colours do not count."""
    if picture.mode != "RGBA":
        return picture
    white = Image.new("RGB", picture.size, "white")
    white.paste(picture, mask=picture.getchannel("A"))
    return white


def eight_bit(picture: Image.Image) -> Image.Image:
    """Bring 16 and 32 bits a channel to 8; Pillow's own conversion would clip instead of scale."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        values = np.clip(np.asarray(picture), 0, 65_535)
        return Image.fromarray((values // 257).astype(np.uint8))
    if picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture, np.float64), posinf=0.0, neginf=0.0)
        spread = float(np.ptp(values)) or 1.0
        return Image.fromarray(((values - values.min()) / spread * 255).astype(np.uint8))
    return picture
