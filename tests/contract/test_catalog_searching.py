"""What search may ask of every catalog: joins, filters and counts."""

from datetime import timedelta, timezone

from shared.catalog.naming import SAMPLE
from shared.catalog.open import open_reader
from shared.catalog.sql import SqlCatalog
from shared.records import BucketCount, ImageFacts, IndexedObject, ObjectFilter, ObjectRef
from tests.contract.catalogs import (
    EVERYTHING,
    MODEL,
    MODIFIED,
    image,
    now,
    put,
    rejection,
    remove,
    settle,
    stat,
)


async def test_find_names_an_images_objects_in_order_and_at_most_so_many(catalog):
    for key, bucket in (("b", "two"), ("c", "one"), ("a", "two"), ("B", "two")):
        await put(catalog, stat(key, bucket), "shared")
    await put(catalog, "lonely")
    ids = [image("shared").image_id, image("lonely").image_id, image("unknown").image_id]
    found = await catalog.find(ids, EVERYTHING, limit=3)
    assert {name: [item.ref for item in items] for name, items in found.items()} == {
        ids[0]: [ObjectRef("one", "c"), ObjectRef("two", "B"), ObjectRef("two", "a")],
        ids[1]: [ObjectRef("images", "lonely")],
    }


async def test_find_counts_each_images_objects_where_one_has_more_than_all_may_have(catalog):
    for number in range(9):
        await put(catalog, f"{number}", "shared")
    for key in ("lonely", "x"):
        await put(catalog, key)
    ids = [image(name).image_id for name in ("shared", "lonely", "x")]
    for some, limit in ((ids, 1), (ids, 3), (ids[:1], 2)):
        found = await catalog.find(some, EVERYTHING, limit=limit)
        keys = {name: [item.ref.key for item in items] for name, items in found.items()}
        first = {ids[0]: [f"{n}" for n in range(limit)], ids[1]: ["lonely"], ids[2]: ["x"]}
        assert keys == {name: first[name] for name in some}


async def test_find_counts_its_limit_among_objects_that_pass(catalog):
    for key in ("a1", "a2", "b1", "b2", "b3"):
        await put(catalog, stat(key, "one"), "shared")
        await put(catalog, stat(key, "two"), "shared")
        await put(catalog, stat(key, "three"), "shared")
    where = ObjectFilter(buckets=("two", "one"), prefix="b")
    found = await catalog.find([image("shared").image_id], where, limit=4)
    assert [item.ref for item in found[image("shared").image_id]] == [
        ObjectRef("one", "b1"),
        ObjectRef("one", "b2"),
        ObjectRef("one", "b3"),
        ObjectRef("two", "b1"),
    ]
    assert await catalog.find([image("shared").image_id], ObjectFilter(("none",))) == {}


async def test_find_takes_no_images_and_very_many(catalog):
    assert await catalog.find([], EVERYTHING) == {}
    every = [await put(catalog, f"{number}") for number in range(3)]
    many = [image(f"unknown {number}").image_id for number in range(1200)]
    found = await catalog.find([*many, *(facts.image_id for facts in every)], EVERYTHING)
    assert set(found) == {facts.image_id for facts in every}


async def test_matching_images_gives_up_beyond_its_limit(catalog):
    for key in ("cats/1", "cats/2", "cats/3", "dogs/1"):
        await put(catalog, key)
    await put(catalog, stat("cats/again"), "cats/1")
    await settle(catalog, rejection("broken"))
    cats = ObjectFilter(prefix="cats/")
    names = await catalog.matching_images(cats, 4)
    assert names is not None
    assert sorted(names) == sorted(image(f"cats/{number}").image_id for number in (1, 2, 3))
    assert await catalog.matching_images(cats, 3) is None
    for nothing in (ObjectFilter(prefix="broken"), ObjectFilter(("other",))):
        assert [*await catalog.matching_images(nothing, 1)] == []


PICTURES = {
    "small.gif": ("GIF", 100, 80, "SKU-1", MODIFIED),
    "wide.jpg": ("JPEG", 2000, 500, "sku-1", MODIFIED + timedelta(microseconds=1)),
    "tall.jpg": ("JPEG", 500, 2000, "SKU-1 ", MODIFIED + timedelta(days=400)),
    "large.png": ("PNG", 4000, 3000, None, MODIFIED - timedelta(days=400)),
}
"""Objects by key: format, width, height, user key, and when they were modified."""

LATER = MODIFIED + timedelta(microseconds=1)
FILTERS = {
    "one format": (ObjectFilter(formats=("JPEG",)), {"wide.jpg", "tall.jpg"}),
    "two formats": (ObjectFilter(formats=("GIF", "PNG")), {"small.gif", "large.png"}),
    "a format that none has": (ObjectFilter(formats=("BMP",)), set()),
    "least width": (ObjectFilter(min_width=2000), {"wide.jpg", "large.png"}),
    "least height": (ObjectFilter(min_height=2000), {"tall.jpg", "large.png"}),
    "most width": (ObjectFilter(max_width=500), {"small.gif", "tall.jpg"}),
    "most height": (ObjectFilter(max_height=500), {"small.gif", "wide.jpg"}),
    "sizes between": (ObjectFilter(min_width=101, max_width=2000, min_height=501), {"tall.jpg"}),
    "modified then or later": (ObjectFilter(modified_after=LATER), {"wide.jpg", "tall.jpg"}),
    "modified before": (ObjectFilter(modified_before=LATER), {"small.gif", "large.png"}),
    "modified between, in another zone": (
        ObjectFilter(
            modified_after=MODIFIED.astimezone(timezone(timedelta(hours=9))),
            modified_before=LATER.astimezone(timezone(-timedelta(hours=3))),
        ),
        {"small.gif"},
    ),
    "user key, byte for byte": (ObjectFilter(user_keys=("SKU-1",)), {"small.gif"}),
    "two user keys": (ObjectFilter(user_keys=("sku-1", "SKU-1 ")), {"wide.jpg", "tall.jpg"}),
    "user key and format": (ObjectFilter(user_keys=("SKU-1",), formats=("JPEG",)), set()),
    "bucket and format": (ObjectFilter(("images",), formats=("GIF",)), {"small.gif"}),
    "another bucket and format": (ObjectFilter(("other",), formats=("GIF",)), set()),
    "all at once": (
        ObjectFilter(
            ("images", "other"),
            "t",
            ("SKU-1 ",),
            LATER,
            now() + timedelta(days=9),
            ("JPEG",),
            1,
            1,
            500,
            2000,
        ),
        {"tall.jpg"},
    ),
}


async def add_pictures(catalog: SqlCatalog) -> dict[str, str]:
    """Record `PICTURES`; returns their keys by image."""
    every: dict[str, str] = {}
    for key, (kind, width, height, user_key, modified) in PICTURES.items():
        facts = ImageFacts(image(key).image_id, width, height, kind, 12345)
        given = stat(key, user_key=user_key, last_modified=modified)
        await catalog.claim([facts])
        await settle(catalog, IndexedObject(given, facts.image_id))
        every[facts.image_id] = key
    return every


async def test_each_filter_means_what_it_says_however_it_is_asked(catalog):
    every = await add_pictures(catalog)
    for name, (where, expected) in FILTERS.items():
        found = await catalog.find([*every, "0" * 64], where)
        assert {every[image_id] for image_id in found} == expected, name
        named = await catalog.matching_images(where, 4)
        assert {every[image_id] for image_id in named or ()} == expected, name
        assert (await catalog.shares(where)).whole == len(expected) / len(every), name


async def test_a_filter_of_images_and_objects_finds_the_objects_that_pass(catalog):
    for key, user_key in (("a", "mine"), ("b", "yours"), ("c", "mine")):
        await put(catalog, stat(key, user_key=user_key), "shared")
    where = ObjectFilter(user_keys=("mine",), formats=("JPEG",))
    found = await catalog.find([image("shared").image_id], where, limit=1)
    assert [item.ref.key for item in found[image("shared").image_id]] == ["a"]
    assert [*await catalog.matching_images(where, 2)] == [image("shared").image_id]


async def test_a_share_is_estimated_from_the_first_images(catalog):
    assert (await catalog.shares(ObjectFilter(formats=("GIF",)))).whole == 0
    ids = sorted(image(number).image_id for number in range(SAMPLE + 10))
    facts = [
        ImageFacts(image_id, 640, 480, "GIF" if place < SAMPLE // 4 else "PNG", 1)
        for place, image_id in enumerate(ids)
    ]
    await catalog.claim(facts)
    await settle(catalog, *(IndexedObject(stat(name), name) for name in ids))
    assert (await catalog.shares(ObjectFilter(formats=("GIF",)))).whole == 1 / 4
    everywhere = await catalog.shares(ObjectFilter(("images",), formats=("PNG",)))
    assert everywhere.whole == 3 / 4
    assert everywhere.parts == (
        (ObjectFilter(formats=("PNG",)), 3 / 4),
        (ObjectFilter(("images",)), 1.0),
    )
    assert 0.8 < everywhere.images / len(ids) < 1.25  # digests lie evenly
    nowhere = await catalog.shares(ObjectFilter(("none",), formats=("PNG",)))
    assert (nowhere.whole, nowhere.parts[0]) == (0, (ObjectFilter(("none",)), 0))


async def test_whichever_condition_the_fewest_pass_the_same_images_are_named(catalog):
    # The catalog begins with the rarest; which one that is must not show.
    ids = [image(number).image_id for number in range(20)]
    await catalog.claim(
        [ImageFacts(one, 100 + n, 480, "GIF" if n < 10 else "PNG", 1) for n, one in enumerate(ids)]
    )
    stats = [stat(f"{n:02}", "even" if n % 2 == 0 else "odd") for n in range(20)]
    pairs = zip(stats, ids, strict=True)
    await settle(catalog, *(IndexedObject(one, image_id) for one, image_id in pairs))
    everywhere = {"min_width": 1, "modified_before": now()}
    for rare in ({"prefix": "04"}, {"min_width": 119}, {"formats": ("GIF",)}, {}):
        for buckets in ((), ("even",), ("odd",), ("even", "odd")):
            where = ObjectFilter(**{"buckets": buckets, **everywhere, **rare})
            found = await catalog.find(ids, where)
            assert sorted(await catalog.matching_images(where, 100) or ()) == sorted(found)


async def test_of_several_conditions_each_has_a_list_of_names_and_these_meet(catalog):
    ids = [image(number).image_id for number in range(1100)]
    await catalog.claim([ImageFacts(one, 1 + n, 480, "PNG", 1) for n, one in enumerate(ids)])
    stats = [stat(f"{'low' if n < 600 else 'high'}/{n}", user_key="all") for n in range(1100)]
    pairs = zip(stats, ids, strict=True)
    await settle(catalog, *(IndexedObject(one, image_id) for one, image_id in pairs))
    low, wide = {"prefix": "low/"}, {"min_width": 502}  # 600 and 599 pass, 99 both
    for where, limit, expected in (
        (low | wide, 600, ids[501:600]),
        (low | wide, 599, ids[501:600]),  # one list is too long, and looked at row by row
        (low | wide, 598, None),
        (low | wide | {"user_keys": ("all",)}, 600, ids[501:600]),
        ({"min_width": 502, "user_keys": ("all",)}, 500, None),
    ):
        named = await catalog.matching_images(ObjectFilter(**where), limit)
        assert (named and sorted(named)) == (expected and sorted(expected)), (where, limit)


async def test_what_was_recorded_is_seen_by_others_at_once(catalog, other, url):
    reader = await open_reader(url, MODEL)
    for number in range(20):
        facts = await put(catalog if number % 2 else other, f"{number}")
        assert list(await reader.find([facts.image_id], EVERYTHING)) == [facts.image_id]
        assert list(await reader.known_images([facts.image_id])) == [facts.image_id]
        await remove(other if number % 2 else catalog, f"{number}")
        assert await reader.find([facts.image_id], EVERYTHING) == {}
    await reader.close()


async def test_counts_tell_states_apart(catalog):
    assert (await catalog.stats()).newest is None
    await put(catalog, stat("1", "b"), "shared")
    await put(catalog, stat("2", "b"), "shared")
    before = now()
    await put(catalog, stat("3", "a"))
    after = now()
    await settle(catalog, rejection("4", "a"), rejection("5", "c"))
    assert await catalog.buckets() == [
        BucketCount("a", indexed=1, rejected=1),
        BucketCount("b", indexed=2, rejected=0),
        BucketCount("c", indexed=0, rejected=1),
    ]
    stats = await catalog.stats()
    assert (stats.objects, stats.images, stats.rejected) == (5, 2, 2)
    assert before <= stats.newest <= after


async def test_images_count_while_an_object_holds_them(catalog):
    for key in ("1", "2"):
        await put(catalog, key, "shared")
    await catalog.claim([image("pending")])
    await remove(catalog, "1")
    assert (await catalog.stats()).images == 1
    await remove(catalog, "2")
    assert (await catalog.stats()).images == 0
