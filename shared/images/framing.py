"""Finds the pictures inside a picture: on a screenshot, in a frame, beside a caption. Pure.

Two ways of looking, as either sees what the other cannot. `rectangles` looks for four long straight
edges: on a gradient, under a drop shadow, on a wallpaper. `cutting` cuts along blank rows and
columns, as one reads a page: also what melts into its background at one side.

Measured on ten kinds of drawn screens and frames around 200 photographs, 320 pixels are enough, and
of three candidates one is the picture nearly always; a plain photograph mostly has none. Where both
ways name the same place first, which they do on most screens, it is as often the picture as one of
three, and two forward passes are saved.
"""

from collections.abc import Iterable

import numpy as np
from PIL import Image

from shared.images.cutting import pieces
from shared.images.rectangles import edged
from shared.images.relief import Place, Relief, area, overlap

_SIDE = 320
"""Pixels of the longer side that are looked at."""

_LEAST, _MOST = 0.02, 0.985
"""Shares of the whole: less is an icon, more is the whole but for a line."""

_LIVELY = 0.25
"""The least share of pixels that differ from a neighbour: of a photograph's nearly all do, of
a panel's few."""

_SAME, _NEAR = 0.75, 0.6
"""Two places are one from this overlap on: found either way, and found the same way."""

_APART = 0.02
"""Two places are neighbours, not parts of one another, up to this overlap."""

_AS_LARGE = 0.5
"""Of the area of a place that both ways found: what is smaller is an ornament of it."""

_LARGE = 0.5
"""How much size counts: a place four times as large is worth twice as much."""

_KEPT = 4
"""Places looked at further, of either way."""


def inner_pictures(picture: Image.Image, most: int = 3) -> list[Place]:
    """Find places that look like pictures of their own, the likeliest first.

    Args:
        picture: RGB or gray, of any size.
        most: at most so many.

    Returns:
        left, top, right, bottom in pixels of `picture`; none of it is the whole.
    """
    share = min(1.0, _SIDE / max(picture.size))
    size = max(1, round(picture.width * share)), max(1, round(picture.height * share))
    small = picture.convert("L").resize(size, Image.Resampling.BOX)
    relief = Relief.of(np.asarray(small, np.int16))
    straight = _ranked(relief, edged(relief))
    cut = _ranked(relief, [(place, 1.0) for place in pieces(relief)])
    across, down = picture.width / size[0], picture.height / size[1]
    return [
        (round(left * across), round(top * down), round(right * across), round(bottom * down))
        for left, top, right, bottom in _chosen(straight, cut)[:most]
    ]


def _chosen(straight: list[Place], cut: list[Place]) -> list[Place]:
    """Take what either way found, in turn, each place once.

    Where both ways agree on the likeliest place it is believed, and of the others only those are
    taken that lie elsewhere and are about as large: further pictures, and no other cuts of this.
    """
    chosen: list[Place] = []
    for place in (*straight[:1], *cut[:2], *straight[1:2], *cut[2:]):
        if all(overlap(place, other) < _SAME for other in chosen):
            chosen.append(place)
    if not (straight and cut and overlap(straight[0], cut[0]) >= _SAME):
        return chosen
    agreed, *others = chosen
    return [
        agreed,
        *(
            place
            for place in others
            if overlap(place, agreed) <= _APART and area(place) >= _AS_LARGE * area(agreed)
        ),
    ]


def _ranked(relief: Relief, found: Iterable[tuple[Place, float]]) -> list[Place]:
    """Order places by how much they look like pictures; of those that nearly agree, the best."""
    worth = []
    for place, quality in found:
        share, lively = relief.share(place), relief.liveliness(place)
        if _LEAST < share < _MOST and lively >= _LIVELY:
            worth.append((quality * lively**2 * share**_LARGE, place))
    ranked: list[Place] = []
    for _, place in sorted(worth, reverse=True):
        if len(ranked) < _KEPT and all(overlap(place, other) < _NEAR for other in ranked):
            ranked.append(place)
    return ranked
