"""What every catalog shows of its folders and rejections, on each of them."""

from datetime import UTC, datetime

from shared.catalog.sql import SqlCatalog
from shared.errors import Reason
from shared.records import (
    Folder,
    ImageFacts,
    IndexedObject,
    ObjectRef,
    ObjectStat,
    ObjectState,
    RejectedObject,
)
from tests.fakes import as_said

CAT = ImageFacts("ca" * 32, 640, 480, "JPEG", 12345)
KEYS = [
    "/leading",
    "//two",
    "a",
    "a b/+",
    "a%2F/b",
    "a-",
    "a/",
    "a/b/1",
    "a/b/2",
    "a/c",
    "a0",
    "cafe\u0301/x",
    "caf\u00e9/x",
    "dir//double",
    "nul\0/x",
    "not-utf8-\udcff/x",
    "zz\U0010ffff/x",
    "\U0010ffff",
]


def stat(key: str, bucket: str) -> ObjectStat:
    return ObjectStat(ObjectRef(bucket, key), 12345, "e1", datetime(2024, 2, 29, tzinfo=UTC))


async def put(catalog: SqlCatalog, *keys: str, bucket: str = "images") -> None:
    await catalog.claim([CAT])
    changes = [IndexedObject(stat(key, bucket), CAT.image_id) for key in keys]
    assert await catalog.record(changes, as_said(*changes)) == set()


async def reject(
    catalog: SqlCatalog, *keys: str, reason: Reason = Reason.BROKEN, bucket: str = "images"
) -> None:
    changes = [RejectedObject(stat(key, bucket), reason, "so it is") for key in keys]
    assert await catalog.record(changes, as_said(*changes)) == set()


def level_of(keys: list[str], prefix: str = "") -> list[str]:
    """Work out one level the long way: folders end in a slash, or so does an object's own key."""
    behind = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
    names = {"".join(rest.partition("/")[:2]) for rest in behind}
    return sorted(
        (prefix + name for name in names),
        key=lambda key: key.encode("utf-8", "surrogateescape"),
    )


async def listed(catalog: SqlCatalog, prefix: str = "", *, limit: int = 100, **wanted) -> list[str]:
    """List a level page by page."""
    names: list[str] = []
    after = None
    while page := await catalog.level(
        ObjectRef("images", prefix), after=after, limit=limit, **wanted
    ):
        assert len(page) <= limit
        refs = [item.ref if isinstance(item, Folder) else item.stat.ref for item in page]
        assert {ref.bucket for ref in refs} == {"images"}
        names += [ref.key for ref in refs]
        after = refs[-1]
    return names


PREFIXES = ["", "a", "a/", "a/b/", "dir/", "dir//", "/", "nothing", "not-utf8-\udcff", "\udcff"]


async def test_a_level_is_its_folders_and_its_own_objects_in_byte_order(catalog):
    await put(catalog, *KEYS)
    await put(catalog, "a/other", "b/other", bucket="another")
    for prefix in PREFIXES:
        for limit in (1, 2, 3, 100):
            assert await listed(catalog, prefix, limit=limit) == level_of(KEYS, prefix)


async def test_a_folder_names_its_first_object_and_an_object_is_itself(catalog):
    await put(catalog, "cats/z", "cats/deep/a", "dog")
    folder, dog = await catalog.level(ObjectRef("images", ""))
    assert (folder.ref, folder.first.stat.ref.key) == (ObjectRef("images", "cats/"), "cats/deep/a")
    assert folder.first.image_id == dog.image_id == CAT.image_id
    assert dog.stat == stat("dog", "images")


async def test_a_level_shows_only_the_state_that_is_asked_for(catalog):
    await put(catalog, "good/1", "one")
    await reject(catalog, "bad/1", "good/0", "two")
    assert await listed(catalog, state=ObjectState.INDEXED) == ["good/", "one"]
    assert await listed(catalog, state=ObjectState.REJECTED) == ["bad/", "good/", "two"]
    [folder, _] = await catalog.level(ObjectRef("images", ""), state=ObjectState.INDEXED)
    assert folder.first.stat.ref.key == "good/1"


async def test_a_level_goes_on_behind_an_object_that_is_gone_or_elsewhere(catalog):
    await put(catalog, "a/1", "a/2", "b", "c/1")

    async def behind(key: str, prefix: str = "") -> list[str]:
        page = await catalog.level(ObjectRef("images", prefix), after=ObjectRef("images", key))
        return [item.ref.key if isinstance(item, Folder) else item.stat.ref.key for item in page]

    assert await behind("a") == ["a/", "b", "c/"]
    assert await behind("a/") == await behind("a/1") == await behind("a/xyz") == ["b", "c/"]
    assert await behind("b/none") == ["c/"]
    assert await behind("b", "a/") == []
    assert await behind("a", "c/") == ["c/1"]


async def test_a_level_of_many_objects_and_large_folders_comes_whole(catalog):
    keys = [f"{n:03}/{m}" for n in range(0, 40, 4) for m in range(20)]
    keys += [f"{n:03}" for n in range(100)]
    await put(catalog, *keys)
    for limit in (7, 64, 1000):
        assert await listed(catalog, limit=limit) == level_of(keys)


async def test_rejections_are_counted_by_reason_bucket_and_prefix(catalog):
    await put(catalog, "cats/good")
    await reject(catalog, "cats/1", "cats/2", "dogs/1")
    await reject(catalog, "cats/3", reason=Reason.EMPTY)
    await reject(catalog, "cats/1", reason=Reason.EMPTY, bucket="other")
    assert await catalog.reasons() == {Reason.BROKEN: 3, Reason.EMPTY: 2}
    assert await catalog.reasons("images") == {Reason.BROKEN: 3, Reason.EMPTY: 1}
    assert await catalog.reasons("images", "cats/") == {Reason.BROKEN: 2, Reason.EMPTY: 1}
    assert await catalog.reasons("nowhere") == {}


async def test_a_page_can_show_one_reason_only(catalog):
    await put(catalog, "good")
    await reject(catalog, "a", "c")
    await reject(catalog, "b", reason=Reason.EMPTY)
    found = await catalog.page(reason=Reason.BROKEN, state=ObjectState.REJECTED)
    assert [item.stat.ref.key for item in found] == ["a", "c"]
    found = await catalog.page(reason=Reason.BROKEN, after=ObjectRef("images", "a"))
    assert [item.stat.ref.key for item in found] == ["c"]
