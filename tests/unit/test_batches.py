"""What a batch decides without any I/O."""

from dataclasses import replace
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


HELD = ObjectStat(ObjectRef("images", "a"), 5, "e", NOW, user_key="k", version_id="v")


@pytest.mark.parametrize(
    ("now", "unchanged"),
    [
        ({}, True),
        ({"last_modified": NOW.replace(microsecond=999_999)}, True),
        ({"version_id": None}, True),
        ({"etag": "f"}, False),
        ({"size": 6}, False),
        ({"last_modified": NOW.replace(second=1)}, False),
        ({"user_key": None}, False),
        ({"version_id": "w"}, False),
    ],
)
def test_unchanged_is_what_the_catalog_holds_in_this_very_state(now, unchanged):
    held = StoredObject(HELD, ObjectState.INDEXED, NOW)
    assert is_unchanged(event("a"), replace(HELD, **now), held) is unchanged


def test_what_is_unknown_or_asked_for_again_is_never_unchanged():
    held = StoredObject(HELD, ObjectState.INDEXED, NOW)
    assert not is_unchanged(event("a", again=True), HELD, held)


@given(st.lists(st.integers(0, 12), max_size=30))
def test_portions_hold_all_in_order_within_the_limit_or_one(sizes):
    looks = [look(str(n), size) for n, size in enumerate(sizes)]
    parts = list(portions(looks, limit=10))
    assert [each for part in parts for each in part] == looks
    for part in parts:
        assert len(part) == 1 or sum(each.size for each in part) <= 10
    for part, following in pairwise(parts):
        assert sum(each.size for each in [*part, following[0]]) > 10


def test_an_object_that_was_not_looked_at_counts_as_large_as_its_event_says():
    assert Look(event("a", size=7)).size == 7
    assert Look(event("a", size=7), HELD).size == 5


def test_objects_of_the_same_bytes_are_one_image():
    found = [
        Found(event(key), ObjectBytes(HELD, b"x", image_id))
        for key, image_id in (("a", "1"), ("b", "2"), ("c", "1"))
    ]
    assert by_image(found) == {"1": (found[0], found[2]), "2": (found[1],)}


def test_a_rejections_detail_is_text_that_any_database_holds():
    batch = Batch()
    batch.reject(event("a"), HELD, Rejected(Reason.BROKEN, "\udcff" + "x" * 900))
    ((settled, row),) = batch.changes
    assert row.detail == settled.rejection.detail == "?" + "x" * 499
