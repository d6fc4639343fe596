"""What screens and edits are drawn with."""

from random import Random

from PIL import Image, ImageDraw

from shared.images.relief import Place

Colour = tuple[int, int, int]

_WORDS = ("have", "you", "seen", "this", "picture", "before", "and", "where", "was", "it", "cat")


def write(draw: ImageDraw.ImageDraw, box: Place, ink: Colour, size: int, die: Random) -> None:
    """Fill a box with lines of words."""
    left, top, right, bottom = box
    while top + size <= bottom:
        line = ""
        while draw.textlength(line, font_size=size) < (right - left) * 0.8:
            line += die.choice(_WORDS) + " "
        while line and draw.textlength(line, font_size=size) > right - left:
            line = line[:-1]
        draw.text((left, top), line, fill=ink, font_size=size)
        top += round(size * 1.45)


def caption(screen: Image.Image, middle: float, ink: Colour, size: float, die: Random) -> None:
    """Write a few words in the middle of a line."""
    draw = ImageDraw.Draw(screen)
    words = " ".join(die.sample(_WORDS, 4)).upper()
    draw.text((screen.width / 2, middle), words, fill=ink, anchor="mm", font_size=max(4, size))


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> Image.Image:
    """Paint from one colour above to another below."""
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def scaled(picture: Image.Image, share: float) -> tuple[int, int]:
    """Tell width and height, in pixels, at this share of both."""
    return max(1, round(picture.width * share)), max(1, round(picture.height * share))


def fitted(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Resize to as much of a box as the picture's shape allows."""
    fit = min(width / picture.width, height / picture.height)
    return picture.resize(scaled(picture, fit), Image.Resampling.BILINEAR)


def pasted(screen: Image.Image, picture: Image.Image, at: tuple[int, int]) -> Place:
    """Paste with the upper left corner there; returns where it then lies."""
    screen.paste(picture, at)
    return (*at, at[0] + picture.width, at[1] + picture.height)


def colour(die: Random) -> Colour:
    """Draw any colour."""
    return die.randrange(256), die.randrange(256), die.randrange(256)
