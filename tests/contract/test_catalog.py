"""What every catalog promises (shared/protocols.py), on each of them."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from shared.catalog.naming import SAMPLE
from shared.catalog.open import open_catalog, open_reader
from shared.catalog.sql import SqlCatalog
from shared.errors import ConfigurationError, ImageUnclaimed, Reason, TransientError
from shared.protocols import Present
from shared.records import (
    BucketCount,
    Change,
    ImageFacts,
    ImageState,
    IndexedObject,
    MeasuredThreshold,
    ObjectFilter,
    ObjectRef,
    ObjectStat,
    ObjectState,
    RejectedObject,
    RemovedObject,
)
from tests.fakes import as_said

MODEL = "efficientnet-lite0-512-1a2b3c4d"
MODIFIED = datetime(2024, 2, 29, 12, 30, 15, 123456, UTC)
EVERYTHING = ObjectFilter()

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


@pytest.fixture(params=["sqlite", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty catalog of each kind."""
    if request.param == "mysql":
        return request.getfixturevalue("mysql_database_url")
    return f"sqlite:///{tmp_path / 'a folder' / 'catalog.db'}"


@pytest.fixture
async def catalog(url: str) -> AsyncIterator[SqlCatalog]:
    opened = await open_catalog(url, MODEL)
    yield opened
    await opened.close()


@pytest.fixture
async def other(url: str, catalog: SqlCatalog) -> AsyncIterator[SqlCatalog]:
    """The same catalog as another process sees it."""
    opened = await open_catalog(url, catalog.model_id)
    yield opened
    await opened.close()


def image(name: object) -> ImageFacts:
    digest = hashlib.sha256(str(name).encode("utf-8", "surrogateescape")).hexdigest()
    return ImageFacts(digest, width=640, height=480, format="JPEG", bytes=12345)


def stat(key: str, bucket: str = "images", **changes) -> ObjectStat:
    facts = {"size": 12345, "etag": "e1", "last_modified": MODIFIED} | changes
    return ObjectStat(ObjectRef(bucket, key), **facts)


def rejection(key: str, bucket: str = "images", reason: Reason = Reason.EMPTY) -> RejectedObject:
    return RejectedObject(stat(key, bucket), reason, "the file is empty")


async def settle(catalog: SqlCatalog, *changes: Change) -> set[ObjectRef]:
    """Record what the store still says."""
    return await catalog.record(changes, as_said(*changes))


async def remove(catalog: SqlCatalog, *keys: str) -> None:
    gone = [RemovedObject(ObjectRef("images", key)) for key in keys]
    assert await settle(catalog, *gone) == set()


async def collect(
    catalog: SqlCatalog, moment: datetime | None = None, limit: int = 10
) -> list[str]:
    """Collect; returns whose vectors were to be deleted."""
    gone: list[str] = []

    async def delete(image_ids: list[str]) -> None:
        gone.extend(image_ids)

    assert await catalog.collect(moment or now(), limit, delete) == len(gone)
    return gone


class CutShortError(Exception):
    """The index was not reached."""


async def collect_half(catalog: SqlCatalog, limit: int = 10) -> list[str]:
    """Begin to collect; returns whose vectors were to be deleted."""
    marked: list[str] = []

    async def delete(image_ids: list[str]) -> None:
        marked.extend(image_ids)
        raise CutShortError

    with suppress(CutShortError):
        await catalog.collect(now(), limit, delete)
    return marked


async def put(catalog: SqlCatalog, stored: ObjectStat | str, name: object = None) -> ImageFacts:
    """Record one object; its image is named after its key unless `name` says otherwise."""
    what = stat(stored) if isinstance(stored, str) else stored
    facts = image(what.ref.key if name is None else name)
    await catalog.claim([facts])
    assert await settle(catalog, IndexedObject(what, facts.image_id)) == set()
    return facts


async def keys(catalog: SqlCatalog, **wanted) -> list[str]:
    return [item.stat.ref.key for item in await catalog.page(**wanted)]


def in_bytes(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogateescape"))


def now() -> datetime:
    return datetime.now(UTC)


# Objects


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
    new = await put(catalog, stat("a", etag="e2"), "new")
    found = await catalog.find([old.image_id, new.image_id], EVERYTHING)
    assert list(found) == [new.image_id]
    assert [item.stat.etag for item in found[new.image_id]] == ["e2"]
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
    [found] = (await catalog.find([facts.image_id], EVERYTHING))[facts.image_id]
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
    names = await catalog.matching_images(ObjectFilter(prefix=prefix), 100)
    assert names is not None
    assert set(names) == {image(key).image_id for key in expected}


# Searching


async def test_find_names_an_images_objects_in_order_and_at_most_so_many(catalog):
    for key, bucket in (("b", "two"), ("c", "one"), ("a", "two"), ("B", "two")):
        await put(catalog, stat(key, bucket), "shared")
    await put(catalog, "lonely")
    ids = [image("shared").image_id, image("lonely").image_id, image("unknown").image_id]
    found = await catalog.find(ids, EVERYTHING, limit=3)
    assert {name: [item.stat.ref for item in items] for name, items in found.items()} == {
        ids[0]: [ObjectRef("one", "c"), ObjectRef("two", "B"), ObjectRef("two", "a")],
        ids[1]: [ObjectRef("images", "lonely")],
    }


async def test_find_counts_its_limit_among_objects_that_pass(catalog):
    for key in ("a1", "a2", "b1", "b2", "b3"):
        await put(catalog, stat(key, "one"), "shared")
        await put(catalog, stat(key, "two"), "shared")
        await put(catalog, stat(key, "three"), "shared")
    where = ObjectFilter(buckets=("two", "one"), prefix="b")
    found = await catalog.find([image("shared").image_id], where, limit=4)
    assert [item.stat.ref for item in found[image("shared").image_id]] == [
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
    assert await catalog.matching_images(ObjectFilter(prefix="broken"), 1) == []
    assert await catalog.matching_images(ObjectFilter(("other",)), 0) == []


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
        assert await catalog.share(where) == len(expected) / len(every), name


async def test_a_filter_of_images_and_objects_finds_the_objects_that_pass(catalog):
    for key, user_key in (("a", "mine"), ("b", "yours"), ("c", "mine")):
        await put(catalog, stat(key, user_key=user_key), "shared")
    where = ObjectFilter(user_keys=("mine",), formats=("JPEG",))
    found = await catalog.find([image("shared").image_id], where, limit=1)
    assert [item.stat.ref.key for item in found[image("shared").image_id]] == ["a"]
    assert await catalog.matching_images(where, 2) == [image("shared").image_id]


async def test_a_share_is_estimated_from_the_first_images(catalog):
    assert await catalog.share(ObjectFilter(formats=("GIF",))) == 0
    ids = sorted(image(number).image_id for number in range(SAMPLE + 10))
    facts = [
        ImageFacts(image_id, 640, 480, "GIF" if place < SAMPLE // 4 else "PNG", 1)
        for place, image_id in enumerate(ids)
    ]
    await catalog.claim(facts)
    await settle(catalog, *(IndexedObject(stat(name), name) for name in ids))
    assert await catalog.share(ObjectFilter(formats=("GIF",))) == 1 / 4
    assert await catalog.share(ObjectFilter(("images",), formats=("PNG",))) == 3 / 4
    assert await catalog.share(ObjectFilter(("none",), formats=("PNG",))) == 0


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


# The life of an image


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


# What is still so


def stored(**found: ObjectStat | None) -> Present:
    """A store that holds these and nothing else."""

    async def present(refs):
        return {ref: found[ref.key] for ref in refs if found.get(ref.key)}

    return present


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
    assert [row.stat.ref.key for row in held.pop(facts.image_id)] == ["a", "b"]
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
        async with asyncio.timeout(5):
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


# Leases


async def test_one_leads_until_its_time_is_over_or_it_lets_go(catalog, other):
    assert await catalog.lead("reconcile", "one", 60)
    assert not await other.lead("reconcile", "two", 60)
    assert await other.lead("collect", "two", 60), "another task"
    assert await catalog.lead("reconcile", "one", 0.05), "renewed, for less"
    await asyncio.sleep(0.1)
    assert await other.lead("reconcile", "two", 60)
    assert not await catalog.lead("reconcile", "one", 0), "nothing to let go of"
    assert not await catalog.lead("reconcile", "one", 60)
    assert await other.lead("reconcile", "two", 0)
    assert await catalog.lead("reconcile", "one", 60)


async def test_of_many_that_ask_at_once_one_leads(catalog, other):
    for task in ("first", "second"):
        asked = [(catalog, other)[n % 2].lead(task, f"worker {n}", 60) for n in range(8)]
        assert sum(await asyncio.gather(*asked)) == 1


# Several at once


async def test_two_writers_of_one_catalog_lose_nothing(catalog, other):
    async def write(writer: SqlCatalog, start: int) -> None:
        for batch in range(start, start + 100, 10):
            facts = [image(number % 70) for number in range(batch, batch + 10)]
            await writer.claim(facts)
            changes = [
                IndexedObject(stat(f"{batch + place}"), fact.image_id)
                for place, fact in enumerate(facts)
            ]
            assert await settle(writer, *changes) == set()

    starts = ((catalog, 0), (other, 0), (catalog, 50), (other, 100), (catalog, 100))
    await asyncio.gather(*(write(writer, start) for writer, start in starts))
    stats = await catalog.stats()
    assert (stats.objects, stats.images) == (200, 70)
    assert await collect(catalog, limit=100) == []


async def test_of_two_images_written_to_one_object_the_loser_is_collected(catalog, other):
    for number in range(10):
        names = [f"{number} left", f"{number} right"]
        await asyncio.gather(put(catalog, f"{number}", names[0]), put(other, f"{number}", names[1]))
    winners = {item.image_id for item in await catalog.page()}
    losers = set(await collect(catalog, limit=100))
    assert len(winners) == len(losers) == 10
    assert not winners & losers


async def test_collecting_and_recording_the_same_image_at_once_never_loses_a_vector(catalog, other):
    for number in range(20):
        facts = await put(catalog, f"{number}")
        await remove(catalog, f"{number}")
        gone, moved = await asyncio.gather(
            collect(other), settle(catalog, IndexedObject(stat(f"{number}"), facts.image_id))
        )
        assert gone == ([facts.image_id] if moved else [])
        assert list(await catalog.known_images([facts.image_id])) == [facts.image_id] * (not moved)


async def test_a_cancelled_write_is_whole_or_nothing_and_hurts_no_later_one(catalog):
    facts = [image(number) for number in range(300)]
    await catalog.claim(facts)
    items = [IndexedObject(stat(f"{n:03}"), fact.image_id) for n, fact in enumerate(facts)]
    for turns in range(0, 60, 5):
        task = asyncio.create_task(settle(catalog, *items))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await catalog.stats()).objects in (0, 300)
    await settle(catalog, *items)
    assert (await catalog.stats()).objects == 300


# Opening


async def test_what_was_recorded_is_there_when_the_catalog_is_opened_again(catalog, url):
    await put(catalog, "a")
    await catalog.close()
    again = await open_catalog(url, MODEL)
    assert await keys(again) == ["a"]
    await again.close()


async def test_another_models_catalog_is_refused_by_name(catalog, url):
    await catalog.claim([image("a")])
    for opening in (open_catalog, open_reader):
        for model in ("aaa", "resnet50-512-00000000"):
            with pytest.raises(ConfigurationError, match=f"of {MODEL}, not of {model}") as refused:
                await opening(url, model)
            assert refused.value.option == "SEENIT_MODEL"


async def test_who_has_no_model_at_hand_reads_with_the_catalogs_own(catalog, url):
    for images in (0, 1):
        reader = await open_reader(url)
        assert (await reader.stats()).images == images
        assert await keys(reader) == ["a"] * images
        await reader.close()
        await put(catalog, "a")


async def test_an_empty_catalog_may_be_opened_for_any_model(catalog, url):
    assert await catalog.page() == []
    another = await open_catalog(url, "resnet50-512-00000000")
    await another.close()


async def test_what_was_measured_with_a_model_is_told_until_it_is_measured_anew(catalog, url):
    assert await catalog.measured() is None
    first = MeasuredThreshold(0.71, 20_000, datetime(2026, 1, 1, tzinfo=UTC))
    second = MeasuredThreshold(
        0.645, 3_000_000_000, datetime(2026, 2, 1, microsecond=5, tzinfo=UTC)
    )
    for measured in (first, second):
        await catalog.calibrate(measured)
        assert await catalog.measured() == measured
    another = await open_catalog(url, "resnet50-512-00000000")
    assert await another.measured() is None
    await another.close()
    reader = await open_reader(url, MODEL)
    assert await reader.measured() == second
    await reader.close()
