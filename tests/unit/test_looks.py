"""Looks of many searches go together; each finds what it would have found alone."""

import asyncio
import threading

import numpy as np
import pytest

from search_api import looks
from search_api.looks import SHALLOW, Looks
from shared.errors import TransientError
from shared.vectors.exact import ExactIndex

DIMENSION = 8
IDS = [f"{number:064x}" for number in range(300)]


class SlowIndex(ExactIndex):
    """Answers once it is let; notes how many embeddings and how deep each call was."""

    def __init__(self, path) -> None:
        super().__init__(path, "m", DIMENSION)
        self.let = threading.Event()
        self.calls: list[tuple[int, int, bool]] = []

    def quick(self) -> bool:
        return False

    def nearest(self, queries, limit, among=None):
        self.calls.append((len(queries), limit, among is not None))
        assert self.let.wait(60)
        return super().nearest(queries, limit, among)

    def get(self, image_ids):
        self.calls.append((len(image_ids), 0, False))
        assert self.let.wait(60)
        return super().get(image_ids)


@pytest.fixture
def vectors() -> np.ndarray:
    drawn = np.random.default_rng(3).standard_normal((len(IDS), DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


@pytest.fixture
def index(tmp_path, vectors):
    made = SlowIndex(tmp_path / "catalog.db")
    made.upsert(IDS, vectors)
    yield made
    made.let.set()
    made.close()


async def all_under_way(*asked) -> list[asyncio.Task]:
    tasks = [asyncio.create_task(each) for each in asked]
    await asyncio.sleep(0.05)
    return tasks


async def test_each_search_finds_what_it_would_alone(index, vectors):
    every = Looks(index)
    depths = [(1, 5), (3, 5), (1, 7), (2, 5), (1, 7), (4, 5), (1, 400), (1, 5)]
    asked = [(vectors[10 * n : 10 * n + count], depth) for n, (count, depth) in enumerate(depths)]
    tasks = await all_under_way(*(every.nearest(*each) for each in asked))
    index.let.set()
    found = await asyncio.gather(*tasks)
    assert sorted(index.calls) == [
        (1, 5, False),
        (1, 400, False),
        (2, 7, False),
        (3, 5, False),
        (7, 5, False),
    ]
    assert found == [index.nearest(*each) for each in asked]


async def test_deep_looks_and_those_among_some_go_by_themselves(index, vectors):
    every = Looks(index)
    deep = [every.nearest(vectors[n : n + 1], SHALLOW + 1) for n in range(3)]
    some = [every.nearest(vectors[n : n + 1], 5, IDS[:9]) for n in range(3)]
    tasks = await all_under_way(*deep, *some)
    index.let.set()
    found = await asyncio.gather(*tasks)
    assert sorted(index.calls) == [(1, 5, True)] * 3 + [(1, SHALLOW + 1, False)] * 3
    assert [len(rows[0]) for rows in found] == [SHALLOW + 1] * 3 + [5] * 3


async def test_each_gets_the_embedding_it_asked_for(index, vectors):
    every = Looks(index)
    names = [*IDS[:6], "f" * 64]
    tasks = await all_under_way(*(every.stored(name) for name in names))
    index.let.set()
    *found, unknown = await asyncio.gather(*tasks)
    assert len(index.calls) < len(names)
    assert np.array_equal(np.stack(found), vectors[:6])
    assert unknown is None


async def test_an_index_that_does_not_answer_is_trouble_and_then_heals(index, vectors, monkeypatch):
    monkeypatch.setattr(looks, "INDEX_S", 0.2)
    every = Looks(index)
    tasks = await all_under_way(*(every.nearest(vectors[n : n + 1], 5) for n in range(4)))
    told = await asyncio.gather(*tasks, every.stored(IDS[0]), return_exceptions=True)
    assert [str(each) for each in told] == ["index: no answer within 0.2 s"] * 5
    assert all(isinstance(each, TransientError) for each in told)
    monkeypatch.setattr(looks, "INDEX_S", 60.0)
    index.let.set()
    (found,) = await every.nearest(vectors[:1], 1)
    assert found[0].image_id == IDS[0]
