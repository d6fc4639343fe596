"""Where pictures are met on the net: pages, telephones, slides and frames drawn around a picture.

Edits as those of `edits.py`, of other kinds than these, to see whether a picture is found on what
nobody tuned for. `PLACED` also tells where on it the picture lies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from seenit.evaluation.brushes import Colour, caption, colour, fitted, gradient, pasted, write
from seenit.evaluation.edits import Edit
from shared.images.relief import Place

Screen = Callable[[Image.Image, Random], tuple[Image.Image, Place]]

WHITE, BLACK, GRAY = (255, 255, 255), (0, 0, 0), (128, 128, 128)


@dataclass(frozen=True, slots=True)
class _Theme:
    paper: Colour
    ink: Colour
    panel: Colour


_LIGHT = _Theme(WHITE, (30, 30, 30), (246, 248, 250))
_DARK = _Theme((18, 18, 20), (220, 220, 225), (32, 33, 36))


def light_page(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Show it in an article, with a panel beside and text around."""
    return _page(picture, die, _LIGHT)


def dark_page(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Show it in the same article in dark colours."""
    return _page(picture, die, _DARK)


def phone(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Post it: a name above, signs and text below, as wide as the screen if it is not too high."""
    theme = die.choice((_LIGHT, _DARK))
    screen = Image.new("RGB", (1080, 2220), theme.paper)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((900, 26, 1030, 58), fill=theme.ink)
    draw.ellipse((40, 130, 130, 220), fill=colour(die))
    write(draw, (150, 140, 800, 220), theme.ink, 36, die)
    small = fitted(picture, 1080, 1250)
    place = pasted(screen, small, ((1080 - small.width) // 2, 260))
    below = place[3]
    for left in range(50, 570, 130):
        draw.ellipse((left, below + 30, left + 60, below + 90), outline=theme.ink, width=5)
    write(draw, (50, below + 120, 1030, min(below + 560, 2060)), theme.ink, 38, die)
    draw.rectangle((0, 2090, 1080, 2220), fill=theme.panel)
    draw.line((0, 2090, 1080, 2090), fill=GRAY, width=2)
    return screen, place


def viewer(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Show it alone on a photo viewer's black."""
    screen = Image.new("RGB", (1920, 1080), (die.choice((0, 12, 30)),) * 3)
    draw = ImageDraw.Draw(screen)
    write(draw, (30, 20, 400, 60), (200, 200, 200), 24, die)
    for sign, place in (("X", (1880, 20)), ("<", (20, 520)), (">", (1880, 520))):
        draw.text(place, sign, fill="white", font_size=36)
    small = fitted(picture, 1640, 880)
    return screen, pasted(screen, small, ((1920 - small.width) // 2, (1080 - small.height) // 2))


def slide(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Put it on a slide with a title and points, on a colour or a gradient."""
    top, bottom, ink = die.choice(
        (
            (WHITE, WHITE, BLACK),
            ((20, 60, 120), (10, 25, 60), WHITE),
            ((250, 250, 250), (205, 215, 230), BLACK),
        )
    )
    screen = gradient((1600, 900), top, bottom)
    draw = ImageDraw.Draw(screen)
    write(draw, (100, 60, 1300, 130), ink, 60, die)
    draw.line((100, 150, 1500, 150), fill=colour(die), width=6)
    for line in range(220, 770, 110):
        draw.ellipse((110, line + 15, 126, line + 31), fill=ink)
        write(draw, (150, line, 700, line + 80), ink, 34, die)
    small = fitted(picture, 720, 600)
    place = pasted(screen, small, (1500 - small.width, 210))
    write(draw, (1100, 845, 1500, 880), ink, 22, die)
    return screen, place


def polaroid(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Frame it white, with words on the broad edge below."""
    edge = max(8, round(max(picture.size) * die.uniform(0.04, 0.08)))
    foot = edge * die.randint(3, 5)
    size = picture.width + 2 * edge, picture.height + edge + foot
    screen = Image.new("RGB", size, die.choice((WHITE, (250, 246, 235))))
    place = pasted(screen, picture, (edge, edge))
    caption(screen, place[3] + foot / 2, (40, 40, 90), foot / 4, die)
    return screen, place


def meme(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Add a strip with big words above, or above and below."""
    height = max(12, round(picture.height * die.uniform(0.15, 0.35)))
    paper, ink = die.choice(((WHITE, BLACK), (BLACK, WHITE)))
    strips = die.choice((1, 2))
    screen = Image.new("RGB", (picture.width, picture.height + strips * height), paper)
    place = pasted(screen, picture, (0, height))
    for middle in (height / 2, place[3] + height / 2)[:strips]:
        caption(screen, middle, ink, min(height / 3, screen.width / 16), die)
    return screen, place


def chat(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Send it in a conversation, its corners round, in a bubble among others."""
    screen = Image.new("RGB", (900, 1600), (229, 221, 213))
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 900, 130), fill=(7, 94, 84))
    write(draw, (140, 40, 600, 90), WHITE, 38, die)
    small = fitted(picture, 560, 640)
    left, below = 860 - small.width, 342 + small.height
    bubbles = [(30, 170, 600, 290), (20, 1490, 800, 1580)]
    if below < 1250:
        bubbles.append((30, below + 130, 640, below + 260))
    for bubble in bubbles:
        draw.rounded_rectangle(bubble, 20, fill=WHITE)
        inside = bubble[0] + 25, bubble[1] + 20, bubble[2] - 20, bubble[3] - 10
        write(draw, inside, BLACK, 32, die)
    draw.rounded_rectangle((left - 12, 330, 872, below + 78), 18, fill=(220, 248, 198))
    corners = Image.new("L", small.size, 0)
    ImageDraw.Draw(corners).rounded_rectangle((0, 0, small.width - 1, small.height - 1), 14, 255)
    screen.paste(small, (left, 342), corners)
    write(draw, (left, below + 15, 860, below + 60), BLACK, 30, die)
    return screen, (left, 342, 860, below)


def gallery(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Show it large, and beside it small ones of something else."""
    screen = Image.new("RGB", (1366, 768), WHITE)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1366, 56), fill=colour(die))
    place = pasted(screen, fitted(picture, 760, 560), (60, 100))
    for top in range(100, 700, 150):
        drawn = Image.new("RGB", (18, 12))
        drawn.putdata([colour(die) for _ in range(18 * 12)])
        screen.paste(drawn.resize((180, 120), Image.Resampling.BICUBIC), (900, top))
        write(draw, (1100, top + 5, 1330, top + 100), BLACK, 20, die)
    write(draw, (60, place[3] + 10, 800, 760), BLACK, 20, die)
    return screen, place


def card(picture: Image.Image, die: Random) -> tuple[Image.Image, Place]:
    """Put it on a card that throws a shadow on a soft gradient."""
    screen = gradient((1280, 900), (225, 232, 240), (190, 205, 222))
    small = fitted(picture, 620, 500)
    left, top = (1280 - small.width) // 2, 130
    right, bottom = left + small.width, top + small.height
    shadow = Image.new("L", screen.size, 0)
    ImageDraw.Draw(shadow).rectangle((left - 20, top - 14, right + 20, bottom + 130), fill=110)
    shadow = shadow.filter(ImageFilter.GaussianBlur(16))
    screen.paste(Image.new("RGB", screen.size, (40, 40, 60)), mask=shadow)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((left - 20, top - 20, right + 20, bottom + 120), fill=WHITE)
    write(draw, (left, bottom + 16, right, bottom + 105), (40, 40, 40), 26, die)
    return screen, pasted(screen, small, (left, top))


PLACED: dict[str, Screen] = {
    screen.__name__: screen
    for screen in (
        light_page,
        dark_page,
        phone,
        viewer,
        slide,
        polaroid,
        meme,
        chat,
        gallery,
        card,
    )
}
"""Every kind by its name, telling the picture's place."""


def _as_edit(screen: Screen) -> Edit:
    return lambda picture, die: screen(picture, die)[0]


SCREENS: dict[str, Edit] = {name: _as_edit(screen) for name, screen in PLACED.items()}
"""The same as edits."""


def _page(picture: Image.Image, die: Random, theme: _Theme) -> tuple[Image.Image, Place]:
    screen = Image.new("RGB", (1440, 900), theme.paper)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 1440, 72), fill=theme.panel)
    draw.line((0, 72, 1440, 72), fill=GRAY)
    for left in range(40, 940, 180):
        write(draw, (left, 22, left + 140, 55), theme.ink, 22, die)
    draw.rounded_rectangle((1100, 16, 1400, 56), 18, outline=GRAY, width=2)
    draw.rectangle((1130, 110, 1410, 640), fill=theme.panel, outline=GRAY)
    for top in range(135, 610, 95):
        draw.ellipse((1150, top, 1200, top + 50), fill=colour(die))
        write(draw, (1215, top, 1390, top + 65), theme.ink, 18, die)
    left = 80 + die.randint(0, 120)
    write(draw, (left, 100, 1080, 220), theme.ink, 24, die)
    place = pasted(screen, fitted(picture, 700, 460), (left, 235))
    write(draw, (left, place[3] + 14, 1080, 890), theme.ink, 24, die)
    draw.rounded_rectangle((1428, 90, 1438, 300), 4, fill=GRAY)
    return screen, place
