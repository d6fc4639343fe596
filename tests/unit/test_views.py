"""Views of a query, from its bytes to squares for the model."""

import io
from random import Random

import numpy as np
import pytest
from PIL import Image
from skimage import data

from seenit.evaluation.screens import PLACED
from shared.images.decoding import Box, decode, decode_views
from shared.images.views import VIEWS, WAYS, turned_views

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
    assert found.pixels.shape == (len(found.views), 224, 224, 3)
    assert found.pixels.dtype == np.uint8
    return dict(zip(reversed(found.views), found.pixels[::-1], strict=True))


def square(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.resize((224, 224), Image.Resampling.BILINEAR))


@pytest.mark.parametrize("box", [None, Box(0.25, 0, 0.5, 1)])
def test_without_other_ways_it_is_what_ingest_decodes(photo, box):
    content = encoded(photo)
    alone = decode(content, max_pixels=MOST, box=box)
    found = decode_views(content, max_pixels=MOST, box=box)
    assert found.views == ("whole",)
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
    assert found.views[0] == "whole"
    assert {*found.views[1:]} == {"inner"}
    assert min(apart(pixels, square(photo)) for pixels in found.pixels[1:]) < 12


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
    found, names = turned_views([pixels], ["whole"], ["flip", "rotate"])
    views = dict(zip(names, found, strict=True))
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
    found, names = turned_views([square(photo)], ["whole"], ways)
    assert len({pixels.tobytes() for pixels in found}) == len({*names}) == count


def test_of_the_pictures_inside_the_likeliest_is_turned(screen):
    views = seen(encoded(screen), ways=WAYS)
    assert {*views} == {*VIEWS}
    assert (views["inner_flipped"] == views["inner"][:, ::-1]).all()
    assert (views["inner_rotated_180"] == views["inner"][::-1, ::-1]).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 2000), (2000, 3)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "1", "P", "I;16"])
def test_every_way_takes_a_picture_of_any_size_and_mode(size, mode):
    content = encoded(Image.new(mode, size), "PNG")
    assert {"whole", "flipped", "rotated_90"} <= {*seen(content, ways=WAYS)}
