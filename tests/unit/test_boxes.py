"""A part of a picture, as it is written and reckoned with."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.images.boxes import Box

starts = st.floats(0, 0.99)
sizes = st.floats(0.001, 1)
boxes = st.builds(
    lambda x, y, w, h: Box(x, y, w * (1 - x), h * (1 - y)), starts, starts, sizes, sizes
)


@given(boxes)
def test_what_is_written_is_read_back_to_a_millionth(box):
    assert Box.parse(str(box)) == pytest.approx(box, abs=2e-6)


def test_it_is_written_as_people_write_it():
    assert str(Box(0.25, 0, 0.5, 1)) == "0.25,0,0.5,1"
    assert str(Box(1 / 3, 2 / 3, 1 / 3, 1 / 3)) == "0.333333,0.666667,0.333334,0.333333"


@given(st.tuples(st.integers(0, 99), st.integers(0, 99), st.integers(1, 100), st.integers(1, 100)))
def test_pixels_become_shares_and_nearly_the_same_pixels_again(place):
    left, top, width, height = place
    pixels = left, top, min(100, left + width), min(100, top + height)
    again = Box.of_pixels(pixels, 100, 100).pixels(100, 100)
    assert again == pytest.approx(pixels, abs=1)


def test_a_part_of_a_part_is_told_in_the_whole():
    right_half = Box(0.5, 0, 0.5, 1)
    assert Box(0.5, 0.25, 0.5, 0.5).of_part(right_half) == Box(0.75, 0.25, 0.25, 0.5)
