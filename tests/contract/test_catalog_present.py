"""Every catalog writes what is still so, as the store says under the lock, and nothing else."""

import asyncio
from datetime import timedelta

import pytest

from shared.errors import Reason, TransientError
from shared.records import IndexedObject, ObjectStat, RejectedObject, RemovedObject
from tests.contract.catalogs import (
    MODIFIED,
    collect,
    image,
    keys,
    put,
    rejection,
    remove,
    settle,
    stat,
    stored,
)

CHANGED = {
    "gone": None,
    "other bytes": stat("a", etag="e2"),
    "another size": stat("a", size=1),
    "another version": stat("a", version_id="v2"),
}


@pytest.mark.parametrize("found", CHANGED.values(), ids=CHANGED)
@pytest.mark.parametrize("before", ["unknown", "known"])
async def test_what_changed_since_it_was_read_is_not_written_but_named(catalog, found, before):
    if before == "known":
        await put(catalog, stat("a", etag="e0"), "old")
    rows = await catalog.page()
    await catalog.claim([image("new"), image("b")])
    held = IndexedObject(stat("a", version_id="v1"), image("new").image_id)
    refused = RejectedObject(stat("a", version_id="v1"), Reason.BROKEN, "cut off")
    for change in (held, refused):
        assert await catalog.record([change], stored(a=found)) == {change.ref}
        assert await catalog.page() == rows
    beside = IndexedObject(stat("b"), image("b").image_id)
    assert await catalog.record([held, beside], stored(a=found, b=stat("b"))) == {held.ref}
    assert await keys(catalog) == [*(item.stat.ref.key for item in rows), "b"]
    assert image("new").image_id in await collect(catalog)


async def test_an_object_that_came_back_is_not_removed_but_named(catalog):
    await put(catalog, "a")
    gone = RemovedObject(stat("a").ref)
    assert await catalog.record([gone], stored(a=stat("a", etag="e2"))) == {gone.ref}
    assert await keys(catalog) == ["a"]
    assert await catalog.record([gone], stored()) == set()
    assert await keys(catalog) == []


@pytest.mark.parametrize("before", ["unknown", "known"])
async def test_the_state_found_under_the_lock_is_what_is_written(catalog, before):
    if before == "known":
        await put(catalog, "a")
    await catalog.claim([image("a")])
    now_so = stat("a", user_key="SKU-2", last_modified=MODIFIED + timedelta(days=1))
    change = IndexedObject(stat("a", user_key="SKU-1"), image("a").image_id)
    assert await catalog.record([change], stored(a=now_so)) == set()
    [found] = await catalog.page()
    assert found.stat == now_so


async def test_a_store_that_does_not_answer_under_the_lock_leaves_all_as_it_was(catalog):
    await put(catalog, "a", "old")
    await catalog.claim([image("new")])

    async def present(_):
        raise TransientError("store", "not now")

    changes = [
        IndexedObject(stat("a", etag="e2"), image("new").image_id),
        rejection("b"),
        RemovedObject(stat("c").ref),
    ]
    with pytest.raises(TransientError, match="not now"):
        await catalog.record(changes, present)
    [row] = await catalog.page()
    assert row.image_id == image("old").image_id
    assert await collect(catalog) == [image("new").image_id]


class Slow:
    """A store, and a writer that is stopped right after it looked there."""

    def __init__(self, **found: ObjectStat) -> None:
        self.found = found
        self.looked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def present(self, refs):
        return await stored(**self.found)(refs)

    async def present_and_stop(self, refs):
        found = await self.present(refs)
        self.looked.set()
        await self.go_on.wait()
        return found


@pytest.mark.parametrize("before", ["unknown", "known"])
@pytest.mark.parametrize("then", ["overwritten", "removed", "rejected"])
async def test_a_writer_stopped_after_its_look_never_undoes_a_later_one(
    catalog, other, before, then
):
    if before == "known":
        await put(catalog, stat("a", etag="e0"), "older")
    await catalog.claim([image("old"), image("new")])
    store = Slow(a=stat("a"))
    old = IndexedObject(stat("a"), image("old").image_id)
    stopped = asyncio.create_task(catalog.record([old], store.present_and_stop))
    await store.looked.wait()
    newer = stat("a", etag="e2")
    later = {
        "overwritten": IndexedObject(newer, image("new").image_id),
        "removed": RemovedObject(newer.ref),
        "rejected": RejectedObject(newer, Reason.EMPTY, "nothing in it"),
    }[then]
    store.found = {} if then == "removed" else {"a": newer}
    following = asyncio.create_task(other.record([later], store.present))
    await asyncio.sleep(0.1)  # a chance to overtake
    store.go_on.set()
    await stopped
    assert await following == set()
    rows = [(row.stat.etag, row.image_id) for row in await catalog.page()]
    expected = {"overwritten": ("e2", image("new").image_id), "rejected": ("e2", None)}
    assert rows == ([expected[then]] if then in expected else [])


async def test_a_remover_stopped_after_its_look_never_undoes_what_came_back(catalog, other):
    await put(catalog, "a")
    store = Slow()
    gone = RemovedObject(stat("a").ref)
    stopped = asyncio.create_task(catalog.record([gone], store.present_and_stop))
    await store.looked.wait()
    store.found = {"a": stat("a")}
    back = IndexedObject(stat("a"), image("a").image_id)
    following = asyncio.create_task(other.record([back], store.present))
    await asyncio.sleep(0.1)  # a chance to overtake
    store.go_on.set()
    assert (await stopped, await following) == (set(), set())
    assert await keys(catalog) == ["a"]


async def test_writers_of_the_same_objects_in_any_order_do_not_lose_each_other(catalog, other):
    every = [stat(f"{number}") for number in range(40)]
    facts = [image(number) for number in range(40)]
    await catalog.claim(facts)
    changes = [IndexedObject(item, fact.image_id) for item, fact in zip(every, facts, strict=True)]
    orders = [changes, changes[::-1], changes[20:] + changes[:20], changes[::2], changes[1::2]]
    writers = [(catalog, other)[turn % 2] for turn in range(len(orders))]
    for _ in range(5):
        moved = await asyncio.gather(
            *(settle(writer, *order) for writer, order in zip(writers, orders, strict=True))
        )
        assert moved == [set()] * len(orders)
        assert len(await catalog.page()) == 40
        await remove(other, *(item.ref.key for item in every))
