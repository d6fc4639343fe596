"""What a batch decides without any I/O."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Reason, Rejected
from shared.records import Event, ObjectBytes, ObjectRef, ObjectStat, ObjectState, StoredObject
from streams.batches import Batch, Found, Look, by_image, is_unchanged, newest, portions

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def event(key: str, seen_at: float = 0.0, **more) -> Event:
    return Event(ObjectRef("images", key), seen_at, **more)


def look(key: str, size: int) -> Look:
    return Look(event(key), ObjectStat(ObjectRef("images", key), size, "e", NOW))


def test_of_several_events_of_an_object_the_newest_counts():
    a1, b, a2 = event("a", 1, etag="old"), event("b", 2), event("a", 3, etag="new")
    assert newest([a1, b, a2]) == [a2, b]
    assert newest([]) == []


def test_a_wish_to_look_again_outlives_a_newer_event():
    wish, later = event("a", 1, again=True), event("a", 2, etag="e")
    assert newest([wish, later]) == [event("a", 2, etag="e", again=True)]


@pytest.mark.parametrize(
    ("etag", "size", "again", "unchanged"),
    [("e", 5, False, True), ("f", 5, False, False), ("e", 6, False, False), ("e", 5, True, False)],
)
def test_unchanged_is_what_the_catalog_holds_in_this_very_state(etag, size, again, unchanged):
    held = StoredObject(ObjectStat(ObjectRef("images", "a"), 5, "e", NOW), ObjectState.INDEXED, NOW)
    assert is_unchanged(event("a", again=again), etag, size, held) is unchanged
    assert not is_unchanged(event("a"), etag, size, None)


@given(st.lists(st.integers(0, 12), max_size=30))
def test_portions_hold_all_in_order_within_the_limit_or_one(sizes):
    looks = [look(str(n), size) for n, size in enumerate(sizes)]
    parts = list(portions(looks, limit=10))
    assert [each for part in parts for each in part] == looks
    for part in parts:
        assert len(part) == 1 or sum(each.stat.size for each in part) <= 10
    for part, following in pairwise(parts):
        assert sum(each.stat.size for each in [*part, following[0]]) > 10


def test_objects_of_the_same_bytes_are_one_image():
    found = [
        Found(event(key), ObjectBytes(look(key, 1).stat, b"x", image_id))
        for key, image_id in (("a", "1"), ("b", "2"), ("c", "1"))
    ]
    assert by_image(found) == {"1": (found[0], found[2]), "2": (found[1],)}


def test_a_rejections_detail_is_text_that_any_database_holds():
    batch = Batch()
    batch.reject(event("a"), look("a", 1).stat, Rejected(Reason.BROKEN, "\udcff" + "x" * 900))
    ((_, row),) = batch.rejected
    assert row.detail == "?" + "x" * 499
