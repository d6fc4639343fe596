"""Many names at a time do what sets of names do."""

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from shared.names import ImageNames
from shared.vectors.marked import MarkedRows


def name(number: int) -> str:
    return hashlib.sha256(b"%d" % number).hexdigest()


numbers = st.lists(st.integers(0, 40), max_size=60)


@given(numbers, numbers)
def test_names_are_a_set_and_meet_as_sets_do(some, others):
    these, those = map(name, some), map(name, others)
    named, also = ImageNames("".join(these)), ImageNames("".join(those))
    assert (len(named), sorted(named)) == (len({*some}), sorted(name(n) for n in {*some}))
    both = named.also_in(also)
    assert sorted(both) == sorted(name(n) for n in {*some} & {*others})
    assert all((name(n) in both) == (n in {*some} & {*others}) for n in range(41))
    assert 7 not in named


def test_rows_are_found_by_name_among_old_and_new_and_more_than_one_each():
    count = 20_000  # more than are looked through one by one
    ids = [name(number) for number in range(count)]
    rows = MarkedRows()
    assert rows.rows_of([name(1)], ids[:1]).tolist() == []
    assert sorted(rows.rows_of([name(1), name(3)], ids)) == [1, 3]
    ids += [name(3), name(-1), name(3)]
    wanted = ImageNames(name(3) + name(-1) + name(7) + name(-2))
    assert sorted(rows.rows_of(wanted, ids)) == [3, 7, count, count + 1, count + 2]
    assert {*rows.rows_of(ids, ids).tolist()} == {*range(len(ids))}
    assert rows.rows_of([], ids).tolist() == []


def test_names_of_any_length_are_told_apart():
    ids = ["a", "b", "ab", "", "ä", *(f"{number:064}" for number in range(300))]
    rows = MarkedRows()
    for row, each in enumerate(ids):
        assert rows.rows_of([each], ids).tolist() == [row]
    assert np.unique(rows.rows_of(ids, ids)).tolist() == [*range(len(ids))]
