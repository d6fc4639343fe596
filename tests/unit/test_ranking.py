"""From cosines to an ordered page."""

from hypothesis import given
from hypothesis import strategies as st

from search_api.cursors import SearchCursor
from search_api.ranking import ALMOST_ONE, Ranked, floor_of, rank, settled, similarity_of, window
from shared.images.boxes import Box
from shared.images.views import WHOLE, Sight
from shared.records import Neighbour

QUERY = "0" * 64
INNER = Sight("inner", Box(0.25, 0.5, 0.5, 0.25))


def whole(*neighbours: Neighbour) -> list[tuple[Sight, list[Neighbour]]]:
    return [(WHOLE, [*neighbours])]


def names(ranked: list[Ranked]) -> list[str]:
    return [one.image_id for one in ranked]


def test_a_cosine_from_minus_one_to_one_becomes_zero_to_one():
    assert [similarity_of(c) for c in (-1.0, 0.0, 1.0)] == [0.0, 0.5, 1.0]


def test_a_cosine_a_little_beyond_one_is_still_one():
    assert similarity_of(1.0000002) == 1.0
    assert similarity_of(-1.0000002) == 0.0


def test_the_highest_comes_first_and_ties_stand_in_image_id_order():
    found = rank(
        whole(Neighbour("b", 0.5), Neighbour("c", 0.9), Neighbour("a", 0.5)),
        query_id=None,
        near_duplicate=2,
    )
    assert names(found) == ["c", "a", "b"]
    assert [one.position for one in found] == [0, 1, 2]


def test_the_same_bytes_come_first_even_where_others_have_the_same_vector():
    others = [Neighbour("0" * 63 + "0", 1.0), Neighbour("00", 1.0), Neighbour("f" * 64, 1.0)]
    found = rank(whole(*others, Neighbour("f" * 64, 0.99)), query_id="f" * 64, near_duplicate=0.8)
    assert found[0] == Ranked("f" * 64, 1.0, "exact", WHOLE, 0)
    assert [one.similarity for one in found[1:]] == [ALMOST_ONE, ALMOST_ONE]
    assert {one.match for one in found[1:]} == {"near_duplicate"}


def test_a_near_duplicate_is_told_by_its_cosine():
    found = rank(
        whole(Neighbour("a", 0.8), Neighbour("b", 0.79)), query_id=None, near_duplicate=0.8
    )
    assert [one.match for one in found] == ["near_duplicate", "similar"]


def test_an_image_found_twice_stands_once():
    found = rank(whole(Neighbour("a", 0.7), Neighbour("a", 1.0)), query_id="a", near_duplicate=0.8)
    assert found == [Ranked("a", 1.0, "exact", WHOLE, 0)]


def test_those_tied_with_the_last_wait_for_a_deeper_look():
    neighbours = [Neighbour("a", 0.9), Neighbour("b", 0.5), Neighbour("c", 0.5)]
    ranked = rank(whole(*neighbours), query_id=None, near_duplicate=2)
    floor = floor_of([neighbours], 3)
    assert names(settled(ranked, floor)) == ["a"]


def test_a_view_that_found_fewer_than_asked_for_has_shown_all():
    assert floor_of([[Neighbour("a", 0.9)], []], 2) == -1


def test_the_view_with_the_most_alike_last_neighbour_says_what_is_settled():
    wide = [Neighbour("a", 0.9), Neighbour("b", 0.1)]
    near = [Neighbour("c", 0.8), Neighbour("d", 0.6)]
    ranked = rank([(WHOLE, wide), (INNER, near)], query_id=None, near_duplicate=2)
    assert names(settled(ranked, floor_of([wide, near], 2))) == ["a", "c"]


def test_an_image_counts_by_the_view_most_like_it_and_the_whole_wins_ties():
    views = [
        (WHOLE, [Neighbour("a", 0.5), Neighbour("b", 0.5)]),
        (INNER, [Neighbour("a", 0.9), Neighbour("b", 0.5), Neighbour("c", 0.4)]),
    ]
    found = rank(views, query_id=None, near_duplicate=0.8)
    assert [(one.image_id, one.sight) for one in found] == [
        ("a", INNER),
        ("b", WHOLE),
        ("c", INNER),
    ]
    assert found[0].match == "near_duplicate"


def test_the_same_bytes_matched_whole_whatever_else_they_match():
    views = [(INNER, [Neighbour("a", 0.99)]), (WHOLE, [Neighbour("a", 0.4)])]
    found = rank(views, query_id="a", near_duplicate=0.8)
    assert found == [Ranked("a", 1.0, "exact", WHOLE, 0)]


def test_a_page_begins_behind_the_cursor_and_ends_at_the_least_similarity():
    cosines = {"a": 0.8, "b": 0.6, "c": 0.6, "d": 0.2}
    neighbours = [Neighbour(name, cosine) for name, cosine in cosines.items()]
    ranked = rank(whole(*neighbours), query_id=None, near_duplicate=2)
    after = SearchCursor(b"", similarity_of(0.6), "b", 2)
    assert names(window(ranked, after=after, min_similarity=0.0)) == ["c", "d"]
    assert names(window(ranked, after=after, min_similarity=0.7)) == ["c"]
    assert names(window(ranked, after=None, min_similarity=0.9)) == ["a"]


cosines = st.floats(-1, 1).map(lambda c: round(c, 2))


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), cosines), st.integers(1, 5))
def test_pages_put_together_are_the_whole_without_repeats(found, size):
    neighbours = [Neighbour(name, cosine) for name, cosine in found.items()]
    everything = rank(whole(*neighbours), query_id=None, near_duplicate=0.8)
    paged: list[Ranked] = []
    after = None
    while page := window(everything, after=after, min_similarity=0.0)[:size]:
        paged += page
        after = SearchCursor(b"", page[-1].similarity, page[-1].image_id, len(paged))
    assert paged == everything
