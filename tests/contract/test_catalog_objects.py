"""What every catalog promises of objects: kept byte for byte, listed page by page."""

from datetime import timedelta, timezone

import pytest

from shared.errors import Reason
from shared.records import (
    IndexedObject,
    LiveObject,
    ObjectFilter,
    ObjectRef,
    ObjectState,
    RejectedObject,
)
from tests.contract.catalogs import (
    EVERYTHING,
    MODIFIED,
    image,
    in_bytes,
    keys,
    now,
    put,
    rejection,
    remove,
    settle,
    stat,
)
from tests.fakes import as_said

HOSTILE = [
    "plain.jpg",
    "a b+c.jpg",
    "a%2Fb%25.jpg",
    "cat 🐈.jpg",
    "caf\u00e9.jpg",
    "cafe\u0301.jpg",
    "A.jpg",
    "a.jpg",
    "trailing",
    "trailing ",
    "trailing  ",
    "new\nline.jpg",
    "quote'\"`.jpg",
    "<script>alert(1)</script>.jpg",
    "\u202egpj.exe",
    "x" * 1024,
    "x" * 1023 + "y",
    ".hidden",
    "no-extension",
    "100%_sure\\.jpg",
    "nul\x00inside",
    "not-utf8-\udcff\udc80.jpg",
    "stra\u00dfe",
    "strasse",
    "deep/er/still/a.jpg",
]


async def test_every_key_comes_back_byte_for_byte_and_as_an_object_of_its_own(catalog):
    facts = [image(key) for key in HOSTILE]
    await catalog.claim(facts)
    stats = [stat(key) for key in HOSTILE]
    pairs = zip(stats, facts, strict=True)
    await settle(catalog, *(IndexedObject(item, fact.image_id) for item, fact in pairs))

    found = await catalog.known([item.ref for item in stats])
    assert {ref: item.image_id for ref, item in found.items()} == {
        ObjectRef("images", key): image(key).image_id for key in HOSTILE
    }
    assert [item.ref.key_bytes for item in stats] == [
        found[item.ref].stat.ref.key_bytes for item in stats
    ]


async def test_hostile_bucket_names_are_as_exact_as_keys(catalog):
    buckets = ["Cats", "cats", "cats ", "ca\u00f1on", "can\u0303on", "\udcff"]
    for bucket in buckets:
        await put(catalog, stat("a", bucket))
    assert [count.bucket for count in await catalog.buckets()] == in_bytes(buckets)


async def test_an_object_comes_back_with_all_that_was_recorded(catalog):
    tokyo = timezone(timedelta(hours=9))
    given = stat(
        "a.jpg",
        size=2**40,
        etag='"9b2cf5-17"',
        version_id="3L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
        user_key="SKU-é-1",
        last_modified=MODIFIED.astimezone(tokyo),
    )
    before = now()
    facts = await put(catalog, given)
    found = (await catalog.known([given.ref]))[given.ref]
    assert found.stat == given
    assert found.stat.last_modified.utcoffset() == timedelta(0)
    assert before <= found.recorded_at <= now()
    assert (found.state, found.image_id) == (ObjectState.INDEXED, facts.image_id)
    assert (found.reason, found.detail) == (None, None)


async def test_a_rejection_comes_back_with_its_reason(catalog):
    item = RejectedObject(stat("a.jpg"), Reason.BROKEN, "cut off after\n\udcff 12 bytes")
    await settle(catalog, item)
    found = (await catalog.known([item.stat.ref]))[item.stat.ref]
    assert (found.state, found.image_id) == (ObjectState.REJECTED, None)
    assert (found.reason, found.detail) == (Reason.BROKEN, item.detail)


async def test_an_endless_detail_is_cut_rather_than_refused(catalog):
    await settle(catalog, RejectedObject(stat("a"), Reason.BROKEN, "é" * 100_000))
    [found] = await catalog.page()
    assert found.detail == "é" * 1000


async def test_a_moment_without_a_zone_is_refused(catalog):
    await catalog.claim([image("a")])
    naive = stat("a", last_modified=MODIFIED.replace(tzinfo=None))
    with pytest.raises(Exception, match="must be aware"):
        await settle(catalog, IndexedObject(naive, image("a").image_id))


async def test_a_thousand_objects_are_known_at_once_and_the_unknown_left_out(catalog):
    stats = [stat(f"{number:04}") for number in range(1000)]
    await catalog.claim([image("one")])
    await settle(catalog, *(IndexedObject(item, image("one").image_id) for item in stats[::2]))
    found = await catalog.known([item.ref for item in stats])
    assert set(found) == {item.ref for item in stats[::2]}


async def test_an_overwritten_object_holds_only_its_newest_image(catalog):
    old = await put(catalog, "a", "old")
    newest = stat("a", etag="e2", size=2, user_key="SKU-1")
    new = await put(catalog, newest, "new")
    found = await catalog.find([old.image_id, new.image_id], EVERYTHING)
    assert found == {new.image_id: [LiveObject(newest.ref, 2, newest.last_modified, "SKU-1")]}
    assert (await catalog.known([newest.ref]))[newest.ref].stat == newest
    assert (await catalog.stats()).objects == 1


async def test_an_object_named_twice_in_a_batch_is_as_it_was_named_last(catalog):
    await catalog.claim([image("old"), image("new")])
    older = IndexedObject(stat("a"), image("old").image_id)
    newer = IndexedObject(stat("a", etag="e2"), image("new").image_id)
    assert await catalog.record([older, newer], as_said(newer)) == set()
    [found] = await catalog.page()
    assert (found.stat.etag, found.image_id) == ("e2", image("new").image_id)


async def test_a_rejected_object_is_no_longer_found_and_can_be_indexed_again(catalog):
    facts = await put(catalog, "a")
    await settle(catalog, rejection("a"))
    assert await catalog.find([facts.image_id], EVERYTHING) == {}
    await put(catalog, "a")
    [live] = (await catalog.find([facts.image_id], EVERYTHING))[facts.image_id]
    found = (await catalog.known([live.ref]))[live.ref]
    assert (found.state, found.reason, found.detail) == (ObjectState.INDEXED, None, None)


async def test_a_removal_drops_only_the_named(catalog):
    for key in ("A", "a", "a "):
        await put(catalog, key)
    await settle(catalog, rejection("broken"))
    await remove(catalog, "a", "broken", "never-there")
    assert await keys(catalog) == ["A", "a "]


async def test_objects_are_found_by_the_users_own_key_exactly(catalog):
    await put(catalog, stat("1", user_key="SKU-1"))
    await put(catalog, stat("2", user_key="sku-1"))
    await put(catalog, stat("3", user_key="SKU-1", bucket="other"))
    await put(catalog, stat("4"))
    found = await catalog.objects_with_user_key(["SKU-1", "unknown"])
    assert {item.stat.ref.key for item in found} == {"1", "3"}


# Pages


async def test_pages_follow_the_bytes_of_bucket_and_key(catalog):
    await catalog.claim([image("one")])
    stats = [stat(key, bucket) for key in HOSTILE for bucket in ("b", "a", "B")]
    await settle(catalog, *(IndexedObject(item, image("one").image_id) for item in stats))
    seen: list[ObjectRef] = []
    while page := await catalog.page(after=seen[-1] if seen else None, limit=7):
        seen += [item.stat.ref for item in page]
    assert seen == sorted(
        (item.ref for item in stats), key=lambda ref: (ref.bucket.encode(), ref.key_bytes)
    )


async def test_pages_repeat_and_lose_nothing_while_objects_come_and_go(catalog):
    for number in range(10, 40, 2):
        await put(catalog, f"{number}")
    seen: list[str] = []
    added = iter(range(11, 41, 2))
    gone: set[str] = set()
    while page := await catalog.page(
        bucket="images", after=ObjectRef("images", seen[-1]) if seen else None, limit=4
    ):
        seen += [item.stat.ref.key for item in page]
        await put(catalog, f"{next(added)}")
        gone |= {seen[-1], f"{40 - 2 * len(gone)}"}  # the cursor's own place, and one to come
        await remove(catalog, *gone)
    assert seen == sorted(set(seen))
    assert set(seen) >= {f"{number}" for number in range(10, 40, 2)} - gone


async def test_a_page_keeps_to_its_bucket_prefix_and_state(catalog):
    for bucket in ("a", "b"):
        for key in ("cats/1", "cats/2", "dogs/1"):
            await put(catalog, stat(key, bucket))
        await settle(catalog, rejection("cats/broken", bucket))
    assert await keys(catalog, bucket="b", prefix="cats/") == ["cats/1", "cats/2", "cats/broken"]
    rejected = await catalog.page(prefix="cats/", state=ObjectState.REJECTED)
    assert [item.stat.ref for item in rejected] == [
        ObjectRef("a", "cats/broken"),
        ObjectRef("b", "cats/broken"),
    ]
    after = ObjectRef("a", "cats/2")
    following = await catalog.page(prefix="cats/", state=ObjectState.INDEXED, after=after)
    assert [item.stat.ref for item in following] == [
        ObjectRef("b", "cats/1"),
        ObjectRef("b", "cats/2"),
    ]
    assert await keys(catalog, bucket="a", after=ObjectRef("a", "zzz")) == []
    assert await keys(catalog, bucket="b", after=ObjectRef("a", "cats/1"), limit=1) == ["cats/1"]


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("a%", ["a%b"]),
        ("a_", ["a_b"]),
        ("a\\", ["a\\b"]),
        ("é", ["éa", "éé"]),
        ("A", ["Ab"]),
        ("\U0010ffff", ["\U0010ffffa"]),
        ("\udcff", ["\udcff", "\udcff\udcffz"]),
        ("a", ["a%b", "a\\b", "a_b", "aab"]),
        ("nothing", []),
    ],
)
async def test_a_prefix_means_its_bytes_and_nothing_else(catalog, prefix, expected):
    every = ["a%b", "a_b", "a\\b", "aab", "b", "éa", "éé", "e\u0301a", "ê", "Ab"]
    every += ["\U0010ffffa", "\udcff", "\udcff\udcffz"]
    for key in every:
        await put(catalog, key)
    assert await keys(catalog, prefix=prefix) == in_bytes(expected)
    names = [*await catalog.matching_images(ObjectFilter(prefix=prefix), 100)]
    assert names is not None
    assert set(names) == {image(key).image_id for key in expected}
