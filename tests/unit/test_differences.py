"""The merge join of a listing and the catalog's rows, against sets."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.records import ObjectRef, ObjectStat, ObjectState, StoredObject
from streams.differences import Kind, differences

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = st.text("ab/.\u00e9\uffff\U0001f408", min_size=1, max_size=3)
SIDES = st.dictionaries(KEYS, st.tuples(st.sampled_from("ef"), st.integers(0, 1)), max_size=12)


async def stream(items):
    for item in items:
        yield item


def ordered(side: dict[str, tuple[str, int]]) -> list[ObjectStat]:
    keys = sorted(side, key=str.encode)
    return [ObjectStat(ObjectRef("images", key), side[key][1], side[key][0], NOW) for key in keys]


@given(SIDES, SIDES)
async def test_each_object_is_told_once_and_rightly(there, held):
    listed = ordered(there)
    rows = [StoredObject(stat, ObjectState.INDEXED, NOW) for stat in ordered(held)]
    found = [each async for each in differences(stream(listed), stream(rows))]
    told = {each.ref.key: each for each in found if each is not None}
    kinds = {key: each.kind for key, each in told.items()}
    expected = dict.fromkeys(there.keys() - held.keys(), Kind.ADDED)
    expected |= dict.fromkeys(held.keys() - there.keys(), Kind.REMOVED)
    both = there.keys() & held.keys()
    expected |= {key: Kind.CHANGED for key in both if there[key] != held[key]}
    assert kinds == expected
    assert found.count(None) == len(both) - sum(there[key] != held[key] for key in both)
    assert list(told) == sorted(told, key=str.encode)
    for key, each in told.items():
        assert each.stat == next((stat for stat in listed if stat.ref.key == key), None)
