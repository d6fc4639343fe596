"""What people do to pictures, as pure functions: a picture and a die in, a picture out.

Each edit takes an RGB picture of any size and a seeded `random.Random`, and returns a new one; the
same seed gives the same edit.
"""

import io
from collections.abc import Callable, Mapping
from random import Random

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from seenit.evaluation.brushes import colour, fitted, scaled

Edit = Callable[[Image.Image, Random], Image.Image]


def resize(picture: Image.Image, die: Random) -> Image.Image:
    """Shrink to between a third and two thirds, as previews are."""
    share = die.uniform(1 / 3, 2 / 3)
    size = scaled(picture, share)
    return picture.resize(size, Image.Resampling.LANCZOS)


def jpeg20(picture: Image.Image, die: Random) -> Image.Image:  # noqa: ARG001 - leaves nothing to chance
    """Save as JPEG of quality 20, as careless senders do."""
    saved = io.BytesIO()
    picture.save(saved, "JPEG", quality=20)
    return Image.open(saved).convert("RGB")


def crop70(picture: Image.Image, die: Random) -> Image.Image:
    """Keep 70 % of each side, at a drawn place."""
    return _crop(picture, die, 0.7)


def crop50(picture: Image.Image, die: Random) -> Image.Image:
    """Keep half of each side, at a drawn place: a quarter of the picture."""
    return _crop(picture, die, 0.5)


def flip(picture: Image.Image, die: Random) -> Image.Image:  # noqa: ARG001 - leaves nothing to chance
    """Mirror, left to right."""
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def rotate10(picture: Image.Image, die: Random) -> Image.Image:
    """Turn by 10 degrees either way; the corners become black."""
    return picture.rotate(die.choice((-10, 10)), Image.Resampling.BICUBIC, expand=True)


def rotate90(picture: Image.Image, die: Random) -> Image.Image:
    """Turn by a quarter, either way."""
    return picture.transpose(
        die.choice((Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270)),
    )


def brightness(picture: Image.Image, die: Random) -> Image.Image:
    """Make clearly darker or brighter."""
    return ImageEnhance.Brightness(picture).enhance(die.choice((0.6, 1.5)))


def gray(picture: Image.Image, die: Random) -> Image.Image:  # noqa: ARG001 - leaves nothing to chance
    """Take the colours away."""
    return picture.convert("L").convert("RGB")


def blur(picture: Image.Image, die: Random) -> Image.Image:
    """Blur, by a radius of 0.5 to 1 % of the shorter side."""
    return picture.filter(ImageFilter.GaussianBlur(min(picture.size) * die.uniform(0.005, 0.01)))


def border(picture: Image.Image, die: Random) -> Image.Image:
    """Put a frame of one colour around it, 5 to 10 % of the longer side wide."""
    width = round(max(picture.size) * die.uniform(0.05, 0.1))
    framed = Image.new("RGB", (picture.width + 2 * width, picture.height + 2 * width), colour(die))
    framed.paste(picture, (width, width))
    return framed


def banner(picture: Image.Image, die: Random) -> Image.Image:
    """Write a caption over the top or bottom fifth, as memes do."""
    edited = picture.copy()
    height = picture.height // 5
    top = die.choice((0, picture.height - height))
    draw = ImageDraw.Draw(edited)
    draw.rectangle((0, top, picture.width, top + height), fill="black")
    draw.text(
        (picture.width / 2, top + height / 2),
        "HAVE I SEEN THIS?",
        fill="white",
        anchor="mm",
        font_size=max(height / 2, 4),
    )
    return edited


def screenshot(picture: Image.Image, die: Random) -> Image.Image:
    """Paste it small into a screen of 1280 x 800 with bars and text, on a fifth of it."""
    screen = Image.new("RGB", (1280, 800), "white")
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1280, 60), fill=colour(die))
    draw.rectangle((0, 60, 220, 800), fill=(240, 240, 240))
    for line in range(8):
        draw.rectangle((30, 100 + 40 * line, die.randint(90, 190), 112 + 40 * line), fill="gray")
    for line in range(8):
        draw.rectangle((260, 600 + 22 * line, die.randint(500, 1200), 610 + 22 * line), fill="gray")
    small = fitted(picture, 640, 480)
    left, top = die.randint(250, 1280 - 20 - small.width), die.randint(80, 580 - small.height)
    screen.paste(small, (left, top))
    return screen


EDITS: dict[str, Edit] = {
    edit.__name__: edit
    for edit in (
        resize,
        jpeg20,
        crop70,
        crop50,
        flip,
        rotate10,
        rotate90,
        brightness,
        gray,
        blur,
        border,
        banner,
        screenshot,
    )
}
"""Every edit by its name, in the order of reports."""


_LONGEST = 2048
"""Pixels of the longer side at which a picture is edited: a larger one would take seconds an edit
and be squeezed all the same."""


def edited_copies(data: bytes, seed: str, edits: Mapping[str, Edit] = EDITS) -> list[bytes]:
    """Make every edit of a picture and save each as it would be sent on.

    Args:
        data: a file that Seenit can decode.
        seed: the same seed and bytes make the same copies.
        edits: what to do to it.

    Returns:
        files, in the order of `edits`: a quarter of them PNG, the others JPEG of quality 90.
    """
    picture = _upright(data)
    copies = []
    for name, edit in edits.items():
        die = Random(f"{seed}:{name}")  # noqa: S311 - a die to be thrown again
        saved = io.BytesIO()
        edited = edit(picture, die)
        if die.random() < 0.25:
            edited.save(saved, "PNG", compress_level=1)
        else:
            edited.save(saved, "JPEG", quality=90)
        copies.append(saved.getvalue())
    return copies


def _upright(data: bytes) -> Image.Image:
    """Open a picture as a person sees it: upright, transparent parts white."""
    opened = Image.open(io.BytesIO(data))
    opened.draft("RGB", (_LONGEST, _LONGEST))
    picture = ImageOps.exif_transpose(opened)
    picture.thumbnail((_LONGEST, _LONGEST))
    if picture.has_transparency_data:
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture.convert("RGBA"))
    return picture.convert("RGB")


def _crop(picture: Image.Image, die: Random, share: float) -> Image.Image:
    width, height = scaled(picture, share)
    left, top = die.randint(0, picture.width - width), die.randint(0, picture.height - height)
    return picture.crop((left, top, left + width, top + height))
