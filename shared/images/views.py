"""Ways to see a query beside its whole: the pictures inside it, mirrored, turned. Pure."""

from collections.abc import Collection, Sequence
from itertools import product
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.images.boxes import Box
from shared.images.framing import inner_pictures

Way = Literal["auto", "flip", "rotate"]
"""What may be asked for: pictures inside the picture, its mirror image, its quarter turns."""

WAYS: tuple[Way, ...] = get_args(Way)

View = Literal[
    "whole",
    "rotated_90",
    "rotated_180",
    "rotated_270",
    "flipped",
    "flipped_rotated_90",
    "flipped_rotated_180",
    "flipped_rotated_270",
    "inner",
    "inner_rotated_90",
    "inner_rotated_180",
    "inner_rotated_270",
    "inner_flipped",
    "inner_flipped_rotated_90",
    "inner_flipped_rotated_180",
    "inner_flipped_rotated_270",
]
"""How a query was seen: a picture inside it, then mirrored left to right, then turned clockwise."""


class Sight(NamedTuple):
    """One way in which a query is seen.

    Attributes:
        view: how.
        place: which part of the picture, for one found inside it; None is all that was asked about.
    """

    view: View
    place: Box | None = None


WHOLE = Sight("whole")

_ENOUGH = 1280
"""Pixels of the longer side at which pictures inside are looked for and cut out."""

_COARSELY = 3.0
"""Pillow's `reducing_gap`: quicker for large screens, and nothing lost that could be seen."""

_TURNED = 2
"""The whole and the first picture inside it: more would make a search far dearer."""

_ORIENTATIONS: dict[tuple[View, bool, int], View] = {
    ("whole", False, 1): "rotated_90",
    ("whole", False, 2): "rotated_180",
    ("whole", False, 3): "rotated_270",
    ("whole", True, 0): "flipped",
    ("whole", True, 1): "flipped_rotated_90",
    ("whole", True, 2): "flipped_rotated_180",
    ("whole", True, 3): "flipped_rotated_270",
    ("inner", False, 1): "inner_rotated_90",
    ("inner", False, 2): "inner_rotated_180",
    ("inner", False, 3): "inner_rotated_270",
    ("inner", True, 0): "inner_flipped",
    ("inner", True, 1): "inner_flipped_rotated_90",
    ("inner", True, 2): "inner_flipped_rotated_180",
    ("inner", True, 3): "inner_flipped_rotated_270",
}
"""What a square becomes when it is mirrored (or not) and then turned by so many quarters."""


def inner_views(picture: Image.Image, side: int) -> tuple[list[NDArray[np.uint8]], list[Sight]]:
    """Squeeze the whole, and each picture found inside it, to RGB squares of `side` pixels."""
    if (factor := max(picture.size) // _ENOUGH) > 1:
        picture = picture.reduce(factor)
    places = inner_pictures(picture)
    squares = [
        np.asarray(picture.resize((side, side), Image.Resampling.BILINEAR, place, _COARSELY))
        for place in (None, *places)
    ]
    return squares, [
        WHOLE,
        *(Sight("inner", Box.of_pixels(place, *picture.size)) for place in places),
    ]


def turned_views(
    squares: Sequence[NDArray[np.uint8]], sights: Sequence[Sight], ways: Collection[Way]
) -> tuple[NDArray[np.uint8], tuple[Sight, ...]]:
    """Add the mirrored and the turned, as asked, of the whole and of the likeliest picture inside.

    Args:
        squares: uint8, shape (side, side, 3) each.
        sights: what each is, of view `whole` or `inner`.
        ways: `flip` and `rotate`, alone or together; `auto` adds nothing here.

    Returns:
        pixels, uint8 (n, side, side, 3), and what each is; what was given comes first.
    """
    flips = (False, True) if "flip" in ways else (False,)
    quarters = range(4) if "rotate" in ways else range(1)
    pixels, seen = list(squares), list(sights)
    for square, (view, place) in list(zip(squares, sights, strict=True))[:_TURNED]:
        for flip, turns in product(flips, quarters):
            if flip or turns:
                mirrored = square[:, ::-1] if flip else square
                pixels.append(np.rot90(mirrored, -turns))
                seen.append(Sight(_ORIENTATIONS[view, flip, turns], place))
    # A lone one is not copied.
    return np.stack(pixels) if len(pixels) > 1 else pixels[0][np.newaxis], tuple(seen)
