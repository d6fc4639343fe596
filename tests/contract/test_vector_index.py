"""What every vector index promises (shared/protocols), on each of them."""

import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from shared.protocols import VectorIndex
from shared.vectors.open import open_index

DIMENSION = 32
Open = Callable[..., VectorIndex]


@pytest.fixture(params=["exact", "milvus_lite", "milvus"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an index of each kind."""
    if request.param == "exact":
        return f"sqlite:///{tmp_path / 'catalog.db'}"
    if request.param == "milvus_lite":
        pytest.importorskip("milvus_lite")
        return str(tmp_path / "milvus.db")
    return request.getfixturevalue("milvus_url")


@pytest.fixture
def reopen(place: str) -> Iterator[Open]:
    """Open one of two models, empty at first, closing what was open before.

    A server is shared by all tests and needs seconds to make a collection, so they are emptied
    instead of made anew.
    """
    opened: list[VectorIndex] = []
    emptied: set[str] = set()

    def open_again(model: str = "m") -> VectorIndex:
        while opened:
            opened.pop().close()
        opened.append(open_index(place, f"{model}-{DIMENSION}", DIMENSION))
        if model not in emptied:
            opened[-1].delete(list(opened[-1].ids()))
            emptied.add(model)
        return opened[-1]

    yield open_again
    for index in opened:
        index.close()


@pytest.fixture
def index(reopen: Open) -> VectorIndex:
    return reopen()


def vectors(count: int, seed: int = 0) -> np.ndarray:
    drawn = np.random.default_rng(seed).standard_normal((count, DIMENSION), dtype=np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def names(count: int, salt: str = "") -> list[str]:
    return [sha256(f"{salt}{number}".encode()).hexdigest() for number in range(count)]


def found(index: VectorIndex, query: np.ndarray, limit: int = 10, **more) -> list[str]:
    return [hit.image_id for hit in index.nearest(query[None], limit, **more)[0]]


def test_an_empty_index_finds_nothing(index):
    assert index.nearest(vectors(2), 10) == [[], []]
    assert index.get(names(3)) == {}
    assert index.held(names(3)) == set()
    assert list(index.ids()) == []


def test_neighbours_come_by_cosine_and_no_more_than_asked_for(index):
    ids, stored = names(50), vectors(50)
    index.upsert(ids, stored)
    query = vectors(1, seed=1)[0]
    expected = sorted(zip(stored @ query, ids, strict=True), reverse=True)[:7]
    hits = index.nearest(query[None], 7)[0]
    assert [hit.image_id for hit in hits] == [name for _, name in expected]
    assert [hit.cosine for hit in hits] == pytest.approx([c for c, _ in expected], abs=1e-5)


def test_each_query_of_a_batch_gets_its_own_answer_the_same_as_alone(index):
    ids, stored = names(60), vectors(60)
    index.upsert(ids, stored)
    together = index.nearest(stored[:20], 3)
    assert [hits[0].image_id for hits in together] == ids[:20]
    for query, hits in zip(stored[:20], together, strict=True):
        alone = index.nearest(query[None], 3)[0]
        assert [hit.image_id for hit in alone] == [hit.image_id for hit in hits]
        assert [hit.cosine for hit in alone] == pytest.approx(
            [hit.cosine for hit in hits], abs=2e-5
        )


def test_a_limit_beyond_the_count_finds_all(index):
    index.upsert(names(5), vectors(5))
    assert sorted(found(index, vectors(1)[0], 1000)) == sorted(names(5))


def test_what_was_written_is_found_at_once_and_comes_back_as_it_was(index):
    ids, stored = names(30), vectors(30)
    for start in range(0, 30, 10):
        index.upsert(ids[start : start + 10], stored[start : start + 10])
        assert found(index, stored[start + 9], 1) == [ids[start + 9]]
    kept = index.get([*ids, "unknown"])
    assert set(kept) == set(ids)
    np.testing.assert_array_equal(np.stack([kept[name] for name in ids]), stored)


def test_writing_an_image_again_replaces_it(index):
    ids, old, new = names(3), vectors(3), vectors(3, seed=1)
    index.upsert(ids, old)
    index.upsert(ids[:1], new[:1])
    np.testing.assert_array_equal(index.get(ids[:1])[ids[0]], new[0])
    hits = index.nearest(new[:1], 10)[0]
    assert hits[0].image_id == ids[0]
    assert sorted(hit.image_id for hit in hits) == sorted(ids)


def test_repeating_a_write_changes_nothing(index):
    ids, stored = names(4), vectors(4)
    index.upsert(ids, stored)
    before = index.nearest(stored, 10)
    index.upsert(ids, stored)
    assert index.nearest(stored, 10) == before
    assert sorted(index.ids()) == sorted(ids)


def test_of_doubles_in_one_batch_the_last_counts(index):
    ids, stored = names(2), vectors(3)
    index.upsert([ids[0], ids[1], ids[0]], stored)
    np.testing.assert_array_equal(index.get(ids[:1])[ids[0]], stored[2])
    assert sorted(found(index, stored[0])) == sorted(ids)


def test_nothing_to_write_delete_or_ask_is_no_error(index):
    index.upsert([], vectors(0))
    index.delete([])
    assert index.get([]) == {}
    assert index.nearest(vectors(0), 5) == []
    assert index.nearest(vectors(1), 0) == [[]]


def test_a_batch_of_another_shape_is_refused_whole(index):
    with pytest.raises(ValueError, match="2 images"):
        index.upsert(names(2), vectors(3))
    assert list(index.ids()) == []


def test_deleted_images_are_gone_and_may_come_back(index):
    ids, stored = names(6), vectors(6)
    index.upsert(ids, stored)
    index.delete([*ids[:2], "unknown"])
    assert sorted(found(index, stored[0])) == sorted(ids[2:])
    assert set(index.get(ids)) == set(ids[2:])
    assert sorted(index.ids()) == sorted(ids[2:])
    index.delete(ids[:2])
    index.upsert(ids[:1], stored[:1])
    assert found(index, stored[0], 1) == ids[:1]


def test_a_search_among_some_images_finds_the_nearest_of_those_alone(index):
    ids, stored = names(40), vectors(40)
    index.upsert(ids, stored)
    some = ids[20:]
    expected = sorted(zip(stored[20:] @ stored[0], some, strict=True), reverse=True)[:5]
    hits = found(index, stored[0], 5, among={*some, "unknown"})
    assert hits == [name for _, name in expected]
    assert found(index, stored[0], 5, among=[]) == []
    assert found(index, stored[0], 5, among=["unknown"]) == []


def test_a_search_among_thousands_is_one_search(index):
    ids, stored = names(2500), vectors(2500)
    index.upsert(ids, stored)
    hits = index.nearest(stored[-2:], 3, among=ids[1:])
    assert [one[0].image_id for one in hits] == ids[-2:]
    assert [len(one) for one in hits] == [3, 3]
    assert found(index, stored[0], 1, among=ids[1:]) != ids[:1]


def test_ties_come_in_the_order_of_image_ids(index):
    same = np.repeat(vectors(1), 9, axis=0)
    ids = names(9)
    index.upsert(ids[:5], same[:5])
    index.upsert(names(7, "other"), vectors(7, seed=1))
    index.upsert(ids[5:], same[5:])
    assert found(index, same[0], 9) == sorted(ids)


def test_what_is_held_is_told_apart_from_what_is_not(index):
    ids = names(1500)
    index.upsert(ids[:1200], vectors(1200))
    index.delete(ids[:100])
    assert index.held(ids) == set(ids[100:1200])
    assert index.held([]) == set()


def test_every_image_is_named_once(index):
    ids = names(2300)
    for start in range(0, 2300, 500):
        index.upsert(ids[start : start + 500], vectors(2300)[start : start + 500])
    assert sorted(index.ids()) == sorted(ids)


def test_it_is_all_there_when_opened_again(index, reopen):
    ids, stored = names(20), vectors(20)
    index.upsert(ids, stored)
    index.delete(ids[:1])
    again = reopen()
    assert sorted(again.ids()) == sorted(ids[1:])
    assert found(again, stored[5], 1) == [ids[5]]


def test_models_never_see_each_others_vectors(index, reopen):
    ids, stored = names(4), vectors(4)
    index.upsert(ids, stored)
    other = reopen("m_")
    assert other.nearest(stored[:1], 5) == [[]]
    other.upsert(ids[:1], stored[1:2])
    other.delete(ids[1:])
    again = reopen()
    assert sorted(again.ids()) == sorted(ids)
    np.testing.assert_array_equal(again.get(ids[:1])[ids[0]], stored[0])


def test_threads_may_search_while_another_writes(index):
    ids, stored = names(640), vectors(640)
    index.upsert(ids[:64], stored[:64])
    wrong: list[object] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                hits = index.nearest(stored[:2], 3)
                wrong.extend(h for h, name in zip(hits, ids, strict=False) if h[0].image_id != name)
        except Exception as error:  # noqa: BLE001 - whatever it is must reach the test
            wrong.append(error)

    searchers = [threading.Thread(target=search) for _ in range(3)]
    for thread in searchers:
        thread.start()
    for start in range(0, 640, 64):
        index.upsert(ids[start : start + 64], stored[start : start + 64])
    done.set()
    for thread in searchers:
        thread.join()
    assert wrong == []
    assert sorted(index.ids()) == sorted(ids)
