"""Pages of a search while pictures come and go between them."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.facts import Facts
from search_api.inputs import Asked, ImageId
from search_api.looks import Looks
from search_api.originals import Originals
from search_api.parameters import SearchParameters
from search_api.parts import Parts
from search_api.planning import MAX_DEPTH, cheapest, deeper_than, depth_for, look_by
from search_api.problems import Problem
from search_api.queries import Queries
from search_api.search import Searcher
from shared.records import (
    ImageFacts,
    ObjectFilter,
    ObjectRef,
    ObjectStat,
    ObjectState,
    Shares,
    StoredObject,
)
from tests.fakes import FakeCatalog, FakeDecoder, FakeEmbedding, FakeIndex, FakeStore

WHEN = datetime(2026, 1, 1, tzinfo=UTC)
QUERY = hashlib.sha256(b"the query").hexdigest()
COSINES = (0.9, 0.5, 0.5000001, 0.5, 0.5000001, -0.3, 1.0)
"""Few, so that many tie; two of them differ by less than a similarity has digits."""

WAYS = {"everywhere": (1.0, 1.0), "among": (1.0, 0.0), "sieved": (0.0, 1e6)}
"""What an index costs with which each way of a filter is taken (`search_api.planning`)."""


class Shop:
    """A searcher, and pictures that come and go. The query is always there."""

    def __init__(self, way: str) -> None:
        self.catalog, self.index = FakeCatalog(), FakeIndex()
        self.catalog.selective = way != "everywhere"
        self.index.find_cost, self.index.among_cost = WAYS[way]
        self.add(QUERY, 1.0, "always")
        parts = Parts(FakeStore(), self.catalog, self.index, FakeDecoder(), FakeEmbedding())
        facts = Facts(self.catalog)
        looks = Looks(parts.index)
        queries = Queries(parts, facts, looks, Originals(parts.store, self.catalog, 2**20), 2**20)
        self._searcher = Searcher(parts, queries, facts, looks)

    def add(self, image_id: str, cosine: float, bucket: str) -> None:
        vector = np.array([[cosine, np.sqrt(1 - cosine**2)]], np.float32)
        self.index.upsert([image_id], vector)
        stat = ObjectStat(ObjectRef(bucket, image_id), 5, "etag", WHEN)
        row = StoredObject(stat, ObjectState.INDEXED, WHEN, image_id=image_id)
        self.catalog.add(row, ImageFacts(image_id, 640, 480, "JPEG", 5))

    def remove(self, image_id: str, *, with_vector: bool) -> None:
        gone = [ref for ref, row in self.catalog.rows.items() if row.image_id == image_id]
        for ref in gone:
            del self.catalog.rows[ref]
        if with_vector:
            self.index.delete([image_id])

    async def page(self, cursor: str | None, **parameters: Any) -> tuple[list[str], str | None]:
        given = parameters | ({"cursor": cursor} if cursor else {})
        asked = Asked(ImageId(QUERY), SearchParameters.check(given))
        reply = await self._searcher.search(asked)
        return [hit.image_id for hit in reply.hits], reply.next_cursor


pictures = st.dictionaries(
    st.integers(0, 99).map(lambda number: hashlib.sha256(b"%d" % number).hexdigest()),
    st.tuples(st.sampled_from(COSINES), st.sampled_from(["a", "b"])),
    min_size=10,
    max_size=60,
)


@given(
    pictures,
    st.lists(st.integers(1, 4), min_size=1),
    st.sampled_from(
        [{}, {"bucket": ("a", "always")}, {"format": ("JPEG",)}, {"bucket": ("none",)}]
    ),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([*WAYS]),
    st.randoms(use_true_random=False),
)
async def test_no_picture_comes_twice_and_none_that_stays_is_missed(
    every, sizes, where, least, way, random
):
    shop = Shop(way)
    waiting = dict(every)
    there: dict[str, tuple[float, str]] = {}
    for image_id in [*every][::2]:
        there[image_id] = waiting.pop(image_id)
        shop.add(image_id, *there[image_id])
    stayed = dict(there)
    seen: list[str] = []
    cursor = None
    for turn in range(200):
        size = sizes[turn % len(sizes)]
        hits, cursor = await shop.page(cursor, limit=size, min_similarity=least, **where)
        assert len(hits) <= size
        assert set(hits) <= {*there, QUERY}
        seen += hits
        if cursor is None:
            break
        if waiting and random.random() < 0.5:
            image_id, drawn = waiting.popitem()
            there[image_id] = drawn
            shop.add(image_id, *drawn)
        if there and random.random() < 0.5:
            image_id = random.choice(sorted(there))
            stayed.pop(image_id, None)
            del there[image_id]
            shop.remove(image_id, with_vector=random.random() < 0.5)
    assert cursor is None
    assert len(seen) == len(set(seen))
    wanted = where.get("bucket", ("a", "b", "always"))
    must = {i for i, (cosine, bucket) in stayed.items() if bucket in wanted and cosine >= least}
    assert must - {*seen} == set()


async def test_a_cursor_leads_on_with_another_limit_and_with_nothing_else_changed():
    shop = Shop("among")
    for number in range(9):
        shop.add(hashlib.sha256(b"%d" % number).hexdigest(), 0.5, "a")
    first, cursor = await shop.page(None, limit=3, bucket=("a", "always"))
    second, _ = await shop.page(cursor, limit=5, bucket=("always", "a", "a"))
    assert len({*first, *second}) == 8
    for other in ({"bucket": ("a",)}, {"min_similarity": 0.1}, {"format": ("JPEG",)}):
        with pytest.raises(Problem, match="cursor") as refused:
            await shop.page(cursor, limit=3, **{"bucket": ("a", "always")} | other)
        assert refused.value.status == 422


@pytest.mark.parametrize("way", ["among", "sieved"])
@pytest.mark.parametrize("kept", ["both", "neither"])
async def test_pictures_that_pass_one_condition_and_seldom_another_are_all_found(kept, way):
    # Half pass each; both conditions together pass as many as the sample cannot tell.
    shop = Shop(way)
    for number in range(400):
        bucket = "a" if number < 200 else "b"
        shop.add(hashlib.sha256(b"%d" % number).hexdigest(), 0.9 - number / 1000, bucket)
    last = hashlib.sha256(b"199").hexdigest()
    shop.add(last, -0.9, "a")
    shop.catalog.images[last] = ImageFacts(last, 9, 9, "GIF" if kept == "both" else "BMP", 5)
    shop.catalog.told = Shares(100_000, 0.0, ((A, 0.001), (GIF, 0.5)))
    found, _ = await shop.page(None, limit=2, bucket=("a",), format=("GIF",))
    assert found == ([last] if kept == "both" else [])


A, GIF = ObjectFilter(("a",)), ObjectFilter(formats=("GIF",))


EXACT, SERVER = FakeIndex(), FakeIndex()
SERVER.find_cost, SERVER.among_cost = 0.45, 0.55  # it would have to read many names


@pytest.mark.parametrize(
    ("whole", "parts", "index", "named"),
    [
        (0.0001, [0.0001], EXACT, 1),
        (0.0001, [0.0001], SERVER, 1),
        (0.03, [0.03], EXACT, 1),
        (0.03, [0.03], SERVER, 1),
        (0.5, [0.5], EXACT, 0),
        (0.5, [0.5], SERVER, 0),
        (0.01, [0.1, 0.1], EXACT, 2),
        (0.01, [0.01, 0.5], EXACT, 1),  # fifty thousand names would spare few neighbours
        (0.02, [0.02, 0.9], SERVER, 1),
        (0.3, [0.6, 0.5], SERVER, 0),
    ],
)
def test_named_is_what_costs_less_to_name_than_to_find(whole, parts, index, named):
    each = tuple(zip((A, GIF), parts, strict=False))
    way = cheapest(Shares(100_000, whole, each), 26, index)
    assert len(way.named.conditions()) == named
    assert way.cost <= depth_for(26, whole)


@pytest.mark.parametrize(
    ("count", "rest", "index", "sieved"),
    [
        (3_000, 1.0, EXACT, False),
        (500, 1.0, SERVER, False),
        (3_000, 1.0, SERVER, True),
        (10_000, 0.5, SERVER, True),
        (0, 1.0, SERVER, False),
    ],
)
def test_names_sieve_where_the_index_takes_longer_over_them_than_over_neighbours(
    count, rest, index, sieved
):
    look = look_by([""] * count, rest, 100_000, 26, index)
    assert look.sieved == sieved
    assert look.depth == depth_for(26, rest * (count / 100_000 if sieved else 1))


async def test_what_names_sieve_is_joined_only_where_it_passes():
    shop = Shop("sieved")
    for number in range(60):
        shop.add(hashlib.sha256(b"%d" % number).hexdigest(), 0.9 - number / 100, "ab"[number % 2])
    joined: list[str] = []
    find = shop.catalog.find

    async def noted(image_ids, where, limit=20):
        joined.extend(image_ids)
        return await find(image_ids, where, limit)

    shop.catalog.find = noted
    found, _ = await shop.page(None, limit=20, bucket=("a",))
    assert len(found) == 20
    assert {ObjectRef("a", each) for each in {*joined} - {QUERY}} <= shop.catalog.rows.keys()


@given(st.integers(1, 20_000), st.floats(0, 1))
def test_a_first_look_is_deep_enough_for_what_is_wanted_and_never_too_deep(reach, share):
    depth = depth_for(reach, share)
    assert depth == MAX_DEPTH or depth * share >= reach
    assert depth <= MAX_DEPTH


@given(st.integers(1, MAX_DEPTH - 1), st.floats(0, 1))
def test_each_further_look_is_deeper_up_to_the_deepest(depth, done):
    deeper = deeper_than(depth, done)
    assert depth < deeper <= MAX_DEPTH
