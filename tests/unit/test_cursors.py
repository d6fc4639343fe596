"""Words that say where the next page begins."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.cursors import (
    SearchCursor,
    read_object_cursor,
    read_search_cursor,
    write_object_cursor,
    write_search_cursor,
)
from shared.records import ObjectRef

ID = "ab" * 32


@given(st.floats(0, 1).map(lambda s: round(s, 6)), st.integers(0, 10**6))
def test_a_search_cursor_says_exactly_what_was_written(similarity, depth):
    cursor = SearchCursor(similarity, ID, depth)
    assert read_search_cursor(write_search_cursor(cursor)) == cursor


@given(st.text("ab/%+\n é\udcff\U0001f600", min_size=1))
def test_an_object_cursor_keeps_every_byte_of_a_key(key):
    ref = ObjectRef("bucket", key)
    word = write_object_cursor(ref)
    assert word.replace("-", "").replace("_", "").isalnum()
    assert read_object_cursor(word).key_bytes == ref.key_bytes


@pytest.mark.parametrize(
    "word",
    [
        "",
        "x",
        "!!!!",
        "é",
        "bm90IGpzb24",
        "W10",
        "WzEsMiwzXQ",
        write_object_cursor(ObjectRef("b", "k")),
    ],
)
def test_a_word_that_is_no_search_cursor_is_refused(word):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the API says it its own way
        read_search_cursor(word)


@pytest.mark.parametrize("similarity", ["NaN", "2", "-1", '"a"', "null"])
def test_a_search_cursor_with_an_impossible_similarity_is_refused(similarity):
    forged = urlsafe_b64encode(f'[{similarity}, "{ID}", 3]'.encode()).decode()
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the API says it its own way
        read_search_cursor(forged)


def test_a_cursor_with_something_slipped_in_is_refused():
    for word, read in (
        (write_search_cursor(SearchCursor(0.5, ID, 3)), read_search_cursor),
        (write_object_cursor(ObjectRef("b", "k")), read_object_cursor),
    ):
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the API says it its own way
            read(f"{word[:4]}!!!!{word[4:]}")


@pytest.mark.parametrize("word", ["", "x", "a b", "bm90IG5hbWVk"])
def test_a_word_that_is_no_object_cursor_is_refused(word):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it says, the API says it its own way
        read_object_cursor(word)
