"""The life of an image in every catalog: claimed, recorded, collected, repaired."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import ImageUnclaimed
from shared.records import ImageState, IndexedObject
from tests.contract.catalogs import (
    EVERYTHING,
    collect,
    collect_half,
    image,
    keys,
    now,
    put,
    rejection,
    remove,
    settle,
    stat,
)


async def test_an_image_is_known_once_it_is_recorded_not_when_it_is_claimed(catalog):
    facts = image("a")
    await catalog.claim([facts])
    assert await catalog.known_images([facts.image_id]) == {}
    await settle(catalog, IndexedObject(stat("a"), facts.image_id))
    assert await catalog.known_images([facts.image_id, "0" * 64]) == {facts.image_id: facts}


async def test_claiming_again_takes_nothing_back(catalog):
    facts = await put(catalog, "a")
    await catalog.claim([facts, facts, image("b")])
    assert list(await catalog.known_images([facts.image_id])) == [facts.image_id]
    assert await collect(catalog) == [image("b").image_id]


async def test_an_image_that_was_never_claimed_cannot_be_recorded(catalog):
    await catalog.claim([image("claimed")])
    batch = [
        IndexedObject(stat("1"), image("claimed").image_id),
        IndexedObject(stat("2"), image("never").image_id),
    ]
    assert await settle(catalog, *batch, rejection("3")) == {batch[1].ref}
    assert await keys(catalog) == ["1", "3"]


async def test_every_write_may_be_repeated(catalog):
    facts = [image("a"), image("b")]
    batch = [IndexedObject(stat(name), image(name).image_id) for name in "ab"]

    async def twice() -> None:
        for _ in range(2):
            await catalog.claim(facts)
        for _ in range(2):
            assert await settle(catalog, *batch, rejection("c")) == set()

    await twice()
    once = [(item.stat, item.state, item.image_id) for item in await catalog.page()]
    await twice()
    assert [(item.stat, item.state, item.image_id) for item in await catalog.page()] == once
    for _ in range(2):
        await remove(catalog, "a", "b")
    assert await keys(catalog) == ["c"]
    for _ in range(2):
        assert sorted(await collect_half(catalog)) == sorted(fact.image_id for fact in facts)
    assert sorted(await collect(catalog)) == sorted(fact.image_id for fact in facts)
    assert await collect(catalog) == []


async def test_nothing_given_is_nothing_done(catalog):
    await catalog.claim([])
    assert await settle(catalog) == set()
    assert await collect(catalog) == []
    assert await catalog.known([]) == {}
    assert await catalog.known_images([]) == {}


async def test_batches_larger_than_one_statements_list_are_taken_whole(catalog):
    facts = [image(number) for number in range(2500)]
    await catalog.claim(facts)
    items = [IndexedObject(stat(f"{n:04}"), fact.image_id) for n, fact in enumerate(facts)]
    await settle(catalog, *items)
    await settle(catalog, *items)
    assert len(await catalog.known_images([fact.image_id for fact in facts])) == 2500
    await remove(catalog, *(item.ref.key for item in items))
    assert await catalog.page() == []
    assert len(await collect(catalog, limit=5000)) == 2500
    assert await collect(catalog) == []


# Collecting


@pytest.mark.parametrize("how", ["forgotten", "replaced", "rejected", "never recorded"])
async def test_an_image_that_lost_its_object_is_collected(catalog, how):
    if how == "never recorded":
        await catalog.claim([image("old")])
    else:
        await put(catalog, "a", "old")
    if how == "forgotten":
        await remove(catalog, "a")
    if how == "replaced":
        await put(catalog, "a", "new")
    if how == "rejected":
        await settle(catalog, rejection("a"))
    assert await collect(catalog) == [image("old").image_id]


async def test_an_image_is_kept_for_its_grace(catalog):
    before = now()
    await put(catalog, "a")
    await remove(catalog, "a")
    await catalog.claim([image("b")])
    assert await collect(catalog, before) == []
    assert len(await collect(catalog)) == 2


async def test_the_grace_counts_from_the_last_object_that_let_go(catalog):
    for key in ("1", "2"):
        await put(catalog, key, "shared")
    await remove(catalog, "1")
    between = now()
    assert await collect(catalog, between) == []
    await remove(catalog, "2")
    assert await collect(catalog, between) == []
    assert await collect(catalog) == [image("shared").image_id]


async def test_images_in_use_do_not_hide_those_behind_them(catalog):
    for number in range(5):
        await put(catalog, f"a{number}", number)
        await put(catalog, f"b{number}", number)
    await remove(catalog, *(f"a{number}" for number in range(5)))
    await put(catalog, "c")
    await remove(catalog, "c")
    assert await collect(catalog, limit=2) == [image("c").image_id]


async def test_an_image_that_came_back_in_time_is_kept(catalog):
    facts = await put(catalog, "a")
    await remove(catalog, "a")
    await settle(catalog, IndexedObject(stat("b"), facts.image_id))
    assert await collect(catalog) == []


async def test_claiming_again_renews_the_grace_of_an_image_without_objects(catalog):
    await put(catalog, "a")
    await remove(catalog, "a")
    await catalog.claim([image("b")])
    between = now()
    await catalog.claim([image("a"), image("b")])
    assert await collect(catalog, between) == []


async def test_an_image_being_collected_is_neither_known_nor_claimed_nor_recorded(catalog):
    facts = await put(catalog, "a")
    await remove(catalog, "a")
    await collect_half(catalog)
    assert await catalog.known_images([facts.image_id]) == {}
    with pytest.raises(ImageUnclaimed, match="collected"):
        await catalog.claim([image("innocent"), facts])
    again = IndexedObject(stat("a"), facts.image_id)
    assert await settle(catalog, again) == {again.ref}
    assert await catalog.page() == []
    # The claim of the innocent one was undone with it.
    assert await collect(catalog) == [facts.image_id]


async def test_a_collected_image_can_be_claimed_anew(catalog):
    facts = await put(catalog, "a")
    await remove(catalog, "a")
    await collect(catalog)
    await put(catalog, "a")
    assert list(await catalog.known_images([facts.image_id])) == [facts.image_id]
    assert await collect(catalog) == []


async def test_an_interrupted_collection_is_taken_up_first_and_within_the_limit(catalog):
    for number in range(6):
        await catalog.claim([image(number)])
    first = await collect_half(catalog, limit=2)
    again = await collect_half(catalog, limit=3)
    assert (len(first), len(again)) == (2, 3)
    assert set(first) < set(again)
    assert set(await collect(catalog, limit=3)) == set(again)
    assert len(await collect(catalog)) == 3


# Repair


async def test_vectors_without_a_row_are_adopted_and_collected(catalog):
    await put(catalog, "live")
    await catalog.claim([image("pending")])
    ids = [image(name).image_id for name in ("live", "pending", "orphan 1", "orphan 2")]
    assert await catalog.adopt(ids) == 2
    assert await catalog.adopt(ids) == 0
    assert (await catalog.stats()).images == 1
    assert set(await collect(catalog, now() - timedelta(hours=1))) == set(ids[2:])
    await put(catalog, "live")
    assert await catalog.image_ids(ImageState.INDEXED) == [ids[0]]


async def test_an_adopted_image_can_be_claimed_once_it_is_collected(catalog):
    facts = image("orphan")
    await catalog.adopt([facts.image_id])
    with pytest.raises(ImageUnclaimed):
        await catalog.claim([facts])
    await collect(catalog)
    await put(catalog, "a", "orphan")
    assert await catalog.known_images([facts.image_id]) == {facts.image_id: facts}


async def test_images_whose_vectors_are_lost_go_back_to_pending_with_their_objects(catalog):
    facts = await put(catalog, "a", "lost")
    await put(catalog, "b", "lost")
    await put(catalog, "c")
    await catalog.claim([image("pending")])
    ids = [facts.image_id, image("pending").image_id, image("unknown").image_id]
    assert await catalog.unindex(ids) == 1
    assert await catalog.known_images(ids) == {}
    pending = await catalog.image_ids(ImageState.PENDING)
    assert set(pending) == set(ids[:2])
    held = await catalog.find(pending, EVERYTHING)
    assert [row.ref.key for row in held.pop(facts.image_id)] == ["a", "b"]
    assert held == {}, "what is claimed just now has no object yet"
    assert await collect(catalog) == [image("pending").image_id]
    await put(catalog, "a", "lost")
    assert list(await catalog.known_images(ids)) == [facts.image_id]


async def test_no_image_is_claimed_while_its_vector_is_being_deleted(catalog, other):
    facts = await put(catalog, "a")
    await remove(catalog, "a")
    deleting, go_on = asyncio.Event(), asyncio.Event()

    async def delete(image_ids: list[str]) -> None:
        assert image_ids == [facts.image_id]
        deleting.set()
        await go_on.wait()

    async def claim() -> None:
        while True:
            try:
                return await other.claim([facts])
            except ImageUnclaimed:
                await asyncio.sleep(0.01)

    first = asyncio.create_task(catalog.collect(now(), 10, delete))
    await deleting.wait()
    second = asyncio.create_task(collect(other))
    claiming = asyncio.create_task(claim())
    await asyncio.sleep(0.2)  # a chance to overtake
    assert not claiming.done()
    go_on.set()
    assert (await first, await second) == (1, []), "nothing is deleted a second time"
    await claiming
    assert await catalog.image_ids(ImageState.PENDING) == [facts.image_id]
    assert await collect(other, now() - timedelta(hours=1)) == []


async def test_images_that_are_claimed_beside_a_collection_are_not_held_up_by_it(catalog, other):
    await put(catalog, "a")
    await remove(catalog, "a")

    async def delete(_: list[str]) -> None:
        async with asyncio.timeout(60):
            await put(other, "b")
            await remove(other, "b")
            await put(other, "c")

    assert await catalog.collect(now(), 1, delete) == 1
    assert await keys(catalog) == ["c"]


async def test_images_of_a_state_come_page_by_page_in_order(catalog):
    facts = [image(number) for number in range(7)]
    await catalog.claim([*facts, image("pending")])
    changes = [IndexedObject(stat(fact.image_id), fact.image_id) for fact in facts]
    await settle(catalog, *changes)
    seen: list[str] = []
    while page := await catalog.image_ids(ImageState.INDEXED, seen[-1] if seen else "", limit=3):
        seen += page
    assert seen == sorted(fact.image_id for fact in facts)
    assert await catalog.image_ids(ImageState.COLLECTING) == []
