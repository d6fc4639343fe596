"""Views of a query, from its bytes to squares for the model."""

import io
from random import Random
from typing import get_args

import numpy as np
import pytest
from PIL import Image
from skimage import data

from seenit.evaluation.screens import PLACED
from shared.images.boxes import Box
from shared.images.decoding import decode, decode_views
from shared.images.relief import overlap
from shared.images.views import WAYS, WHOLE, View, turned_views

MOST = 10_000_000


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return Image.fromarray(data.chelsea())


@pytest.fixture(scope="module")
def screen(photo) -> Image.Image:
    return PLACED["light_page"](photo, Random("seed"))[0]


def encoded(picture: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    saved = io.BytesIO()
    picture.save(saved, kind, quality=95, **options)
    return saved.getvalue()


def apart(one: np.ndarray, other: np.ndarray) -> float:
    """The mean difference of two squares, of 255."""
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


def seen(content: bytes, **asked: object) -> dict[str, np.ndarray]:
    """Each view's first square."""
    found = decode_views(content, max_pixels=MOST, **asked)
    assert found.pixels.shape == (len(found.sights), 224, 224, 3)
    assert found.pixels.dtype == np.uint8
    views = [sight.view for sight in found.sights]
    return dict(zip(reversed(views), found.pixels[::-1], strict=True))


def square(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((224, 224), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("box", [None, Box(0.25, 0, 0.5, 1)])
def test_without_other_ways_it_is_what_ingest_decodes(photo, box):
    content = encoded(photo)
    alone = decode(content, max_pixels=MOST, box=box)
    found = decode_views(content, max_pixels=MOST, box=box)
    assert found.sights == (WHOLE,)
    assert (found.pixels[0] == alone.pixels).all()
    assert (found.width, found.height, found.format) == (451, 300, "JPEG")


@pytest.mark.parametrize("size", [(512, 512), (1300, 2600)])
def test_looking_inside_leaves_the_whole_as_ingest_decodes_it(photo, size):
    content = encoded(photo.resize(size))
    alone = decode(content, max_pixels=MOST)
    found = decode_views(content, max_pixels=MOST, ways=["auto"])
    assert apart(found.pixels[0], alone.pixels) < 2
    assert (found.width, found.height) == size


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_picture_on_a_screen_is_one_of_the_views(photo, screen, kind):
    found = decode_views(encoded(screen, kind), max_pixels=MOST, ways=["auto"])
    assert found.sights[0] == WHOLE
    assert {sight.view for sight in found.sights[1:]} == {"inner"}
    assert min(apart(pixels, square(photo)) for pixels in found.pixels[1:]) < 12


def test_each_picture_inside_says_where_it_lies_and_so_do_its_turned_views(photo):
    drawn, place = PLACED["light_page"](photo, Random("seed"))
    found = decode_views(encoded(drawn), max_pixels=MOST, ways=WAYS)
    places = {sight.place for sight in found.sights if sight.view == "inner"}
    assert max(overlap(one.pixels(*drawn.size), place) for one in places) > 0.75
    for view, lies in found.sights:
        assert lies in places if view.startswith("inner") else lies is None


def test_where_it_lies_is_told_in_the_whole_picture_also_where_a_part_was_asked_about(photo):
    wall = Image.new("RGB", (1600, 800), "teal")
    wall.paste(photo, (900, 100))
    content = encoded(wall, "PNG")
    found = decode_views(content, max_pixels=MOST, box=Box(0.5, 0, 0.5, 1), ways=["auto"])
    lies = found.sights[1].place
    assert overlap(lies.pixels(1600, 800), (900, 100, 1351, 400)) > 0.9


def test_it_is_found_on_a_screen_that_lies_on_its_side(photo, screen):
    turn = Image.Exif()
    turn[0x0112] = 6  # to be turned a quarter clockwise
    lying = encoded(screen.transpose(Image.Transpose.ROTATE_90), exif=turn)
    found = decode_views(lying, max_pixels=MOST, ways=["auto"])
    assert (found.width, found.height) == screen.size
    assert min(apart(pixels, square(photo)) for pixels in found.pixels[1:]) < 12


def test_it_is_found_on_transparent_ground_and_within_a_box(photo):
    glass = Image.new("RGBA", (1600, 800), (255, 0, 0, 0))
    glass.paste(photo, (900, 100))
    glass.paste(photo.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (100, 100))
    content = encoded(glass, "PNG")
    found = decode_views(content, max_pixels=MOST, box=Box(0.5, 0, 0.5, 1), ways=["auto"])
    assert found.pixels[0, 0, 0].tolist() == [255, 255, 255]
    assert apart(found.pixels[1], square(photo)) < 12


def test_views_are_mirrored_first_and_then_turned_clockwise(photo):
    pixels = square(photo)
    found, sights = turned_views([pixels], [WHOLE], ["flip", "rotate"])
    views = {sight.view: turned for sight, turned in zip(sights, found, strict=True)}
    assert len(views) == 8
    mirrored = Image.fromarray(pixels).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert (views["flipped"] == np.asarray(mirrored)).all()
    for degrees in (90, 180, 270):
        clockwise = Image.fromarray(pixels).rotate(-degrees)
        assert (views[f"rotated_{degrees}"] == np.asarray(clockwise)).all()
        both = np.asarray(mirrored.rotate(-degrees))
        assert (views[f"flipped_rotated_{degrees}"] == both).all()


@pytest.mark.parametrize(("ways", "count"), [((), 1), (["flip"], 2), (["rotate"], 4), (WAYS, 8)])
def test_each_way_adds_its_own_views_and_no_two_are_the_same(photo, ways, count):
    found, sights = turned_views([square(photo)], [WHOLE], ways)
    assert len({pixels.tobytes() for pixels in found}) == len({*sights}) == count


def test_of_the_pictures_inside_the_likeliest_is_turned(screen):
    views = seen(encoded(screen), ways=WAYS)
    assert {*views} == {*get_args(View)}
    assert (views["inner_flipped"] == views["inner"][:, ::-1]).all()
    assert (views["inner_rotated_180"] == views["inner"][::-1, ::-1]).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 3)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "1", "P", "I;16"])
def test_every_way_takes_a_picture_of_any_size_and_mode(size, mode):
    content = encoded(Image.new(mode, size), "PNG")
    assert {"whole", "flipped", "rotated_90"} <= {*seen(content, ways=WAYS)}
