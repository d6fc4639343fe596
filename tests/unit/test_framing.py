"""Finding the picture inside a picture."""

import io
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from skimage import data

from seenit.evaluation.edits import EDITS
from seenit.evaluation.screens import PLACED
from shared.images.framing import inner_pictures
from shared.images.relief import area, overlap

PICTURES = {
    name: Image.fromarray(getattr(data, name)())
    for name in ("astronaut", "chelsea", "coffee", "immunohistochemistry")
}


def sent(screen: Image.Image) -> Image.Image:
    """The same after a JPEG's journey."""
    saved = io.BytesIO()
    screen.save(saved, "JPEG", quality=90)
    return Image.open(saved).convert("RGB")


def best(picture: Image.Image, place) -> float:
    found = inner_pictures(picture)
    return max((overlap(found_place, place) for found_place in found), default=0.0)


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("kind", PLACED)
def test_a_picture_on_a_screen_or_in_a_frame_is_among_those_found(kind, name):
    screen, place = PLACED[kind](PICTURES[name], Random(f"{kind}{name}"))
    assert best(sent(screen), place) > 0.75


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_uniform_border_is_trimmed(mode):
    framed = Image.new(mode, (700, 600), "white" if mode == "RGB" else 255)
    framed.paste(PICTURES["chelsea"].convert(mode), (100, 150))
    assert best(framed, (100, 150, 551, 450)) > 0.95


def test_a_black_banner_over_the_picture_is_left_out():
    edited = EDITS["banner"](PICTURES["coffee"], Random("seed"))
    width, height = edited.size
    rest = (0, height // 5, width, height), (0, 0, width, height - height // 5)
    assert max(best(edited, place) for place in rest) > 0.9


def test_a_picture_on_a_textured_wall_is_found_by_its_straight_edges():
    noise = np.random.default_rng(0).integers(90, 110, (480, 640, 1), np.uint8)
    wall = Image.fromarray(np.broadcast_to(noise, (480, 640, 3)).copy())
    ImageDraw.Draw(wall).rectangle((190, 90, 510, 310), fill="black")
    wall.paste(PICTURES["astronaut"].resize((300, 200)), (200, 100))
    assert best(wall, (200, 100, 500, 300)) > 0.75


def test_on_a_page_of_several_pictures_one_is_found_alone_and_no_more_than_asked_for():
    page = Image.new("RGB", (1200, 800), "white")
    places = []
    for name, at in zip(PICTURES, ((30, 30), (630, 30), (30, 430), (630, 430)), strict=True):
        small = PICTURES[name].resize((500, 330))
        page.paste(small, at)
        places.append((*at, at[0] + 500, at[1] + 330))
    assert max(best(page, place) for place in places) > 0.75
    for most in (0, 1, 3):
        assert len(inner_pictures(page, most)) == most


@pytest.mark.parametrize("kind", ["light_page", "dark_page", "viewer", "gallery"])
def test_what_both_ways_find_first_is_believed_and_cut_in_no_other_way(kind):
    screen, place = PLACED[kind](PICTURES["chelsea"], Random(f"{kind}chelsea"))
    (found,) = inner_pictures(sent(screen))
    assert overlap(found, place) > 0.75


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 3), (20, 4000)])
def test_nothing_is_found_where_nothing_can_be(size):
    assert inner_pictures(Image.new("RGB", size, "teal")) == []


@pytest.mark.parametrize("colour", ["white", "black", "teal"])
def test_one_colour_holds_no_picture(colour):
    assert inner_pictures(Image.new("RGB", (640, 480), colour)) == []


def test_noise_holds_no_picture():
    noise = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    assert inner_pictures(Image.fromarray(noise)) == []


SIDES = st.integers(1, 400)


@settings(deadline=None, max_examples=60)
@given(SIDES, SIDES, st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_whatever_is_drawn_every_place_found_lies_inside_and_is_not_the_whole(
    width, height, seed, shapes
):
    die = np.random.default_rng(seed)
    picture = Image.fromarray(die.integers(0, 256, (1 + seed % 7, 1 + seed % 5, 3), np.uint8))
    picture = picture.resize((width, height), die.choice([0, 2]))
    draw = ImageDraw.Draw(picture)
    for _ in range(shapes):
        (left, right), (top, bottom) = np.sort(die.integers(-9, 409, (2, 2)), axis=1).tolist()
        draw.rectangle((left, top, right, bottom), fill=tuple(die.integers(0, 256, 3).tolist()))
    found = inner_pictures(picture)
    assert len(found) <= 3
    for left, top, right, bottom in found:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
        assert area((left, top, right, bottom)) < width * height
