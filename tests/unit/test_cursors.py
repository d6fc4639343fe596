"""Words that say where the next page begins."""

from base64 import urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.cursors import (
    ObjectCursor,
    SearchCursor,
    binding,
    read_object_cursor,
    read_search_cursor,
    write_object_cursor,
    write_search_cursor,
)
from shared.records import ObjectRef

ID = "ab" * 32
BOUND = binding("a search")


@given(st.floats(0, 1).map(lambda s: round(s, 6)), st.integers(0, 2**32 - 1))
def test_a_search_cursor_says_exactly_what_was_written(similarity, depth):
    cursor = SearchCursor(BOUND, similarity, ID, depth)
    assert read_search_cursor(write_search_cursor(cursor)) == cursor


@given(st.text("ab/%+\n é\udcff\U0001f600", min_size=1))
def test_an_object_cursor_keeps_every_byte_of_a_key(key):
    cursor = ObjectCursor(BOUND, ObjectRef("bucket", key))
    word = write_object_cursor(cursor)
    assert word.replace("-", "").replace("_", "").isalnum()
    assert read_object_cursor(word) == cursor


def test_each_question_has_a_binding_of_its_own():
    asked = [
        ("a",),
        ("b",),
        ("a", "b"),
        (["a", "b"],),
        ("a", None),
        ({"x": 1},),
        ({"x": "\udcff"},),
    ]
    assert len({binding(*each) for each in asked}) == len(asked)
    assert binding({"x": 1, "y": 2}) == binding({"y": 2, "x": 1})


WORDS = {
    read_search_cursor: write_search_cursor(SearchCursor(BOUND, 0.5, ID, 3)),
    read_object_cursor: write_object_cursor(ObjectCursor(BOUND, ObjectRef("b", "k"))),
}


@pytest.mark.parametrize("read", WORDS)
@given(st.text() | st.binary().map(lambda data: urlsafe_b64encode(data).decode()))
def test_any_word_is_a_cursor_or_refused(read, word):
    with suppress(ValueError):
        assert read(word).binding


@pytest.mark.parametrize(("read", "word"), WORDS.items())
@given(data=st.data())
def test_a_cursor_that_was_cut_or_has_something_slipped_in_is_refused(read, word, data):
    place = data.draw(st.integers(0, len(word) - 1))
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the API says it its own way
        read(f"{word[:place]}!{word[place:]}")
    with pytest.raises(ValueError):  # noqa: PT011 - as above
        read_search_cursor(word[:place])


def test_a_cursor_of_the_other_kind_is_refused():
    for read, word in zip(WORDS, reversed(WORDS.values()), strict=True):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the API says it its own way
            read(word)


def test_a_search_cursor_more_similar_than_can_be_is_refused():
    forged = write_search_cursor(SearchCursor(BOUND, 1.000001, ID, 3))
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the API says it its own way
        read_search_cursor(forged)
