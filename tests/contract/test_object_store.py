"""What every object store promises (shared/protocols), on each of them.

Another adapter joins by a fixture of its own, named in `store`: an empty store that can be written.
"""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from minio import Minio
from minio.deleteobjects import DeleteObject

from shared.digests import image_digest
from shared.errors import ObjectGone, Reason, Rejected
from shared.records import ObjectRef
from shared.settings import load_settings
from shared.storage.folder import FolderStore
from shared.storage.open import open_store

BUCKETS = ("images", "images-2", "pictures", "zebras")
KEYS = [
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
    "new\nline.jpg",
    "quote'\"`.jpg",
    "<script>alert(1)<!-- script>.jpg",
    "\u202egpj.exe",
    "/".join(["x" * 200] * 5) + "/" + "y" * 19,
    ".hidden",
    "no-extension",
    "back\\slash",
    "folder.jpg",
    "folder/a.jpg",
    "folder/deeper/still/a.jpg",
    "folder0",
    "\U0001f408",
    "\uffff",
]


@pytest.fixture
def folder_store(tmp_path):
    return FolderStore(tmp_path)


@pytest.fixture(scope="session")
def buckets(minio):
    """The client of a MinIO server with the buckets that the tests use."""
    address = minio.settings["SEENIT_STORAGE_URL"].removeprefix("s3://").split("?")[0]
    keys = (minio.settings["SEENIT_S3_ACCESS_KEY"], minio.settings["SEENIT_S3_SECRET_KEY"])
    client = Minio(address, *keys, secure=False)
    for bucket in BUCKETS:
        if not client.bucket_exists(bucket):
            client.make_bucket(bucket)
    return client


@pytest.fixture
def s3_store(minio, buckets):
    for bucket in BUCKETS:
        there = buckets.list_objects(bucket, recursive=True)
        doomed = [DeleteObject(entry.object_name) for entry in there]
        assert not list(buckets.remove_objects(bucket, doomed))
    settings = load_settings(
        storage_url=minio.settings["SEENIT_STORAGE_URL"],
        s3_access_key=minio.settings["SEENIT_S3_ACCESS_KEY"],
        s3_secret_key=minio.settings["SEENIT_S3_SECRET_KEY"],
        buckets=",".join(BUCKETS),
        catalog_url="sqlite:////nowhere",
    )
    return open_store(settings)


@pytest.fixture(params=["folder_store", "s3_store"])
def store(request):
    """An empty store of each kind."""
    return request.getfixturevalue(request.param)


def put(store, key: str, data: bytes = b"bytes", user_key: str | None = None) -> ObjectRef:
    ref = ObjectRef("images", key)
    store.put(ref, io.BytesIO(data), user_key)
    return ref


def keys(store, prefix: str = "") -> list[str]:
    return [stat.ref.key for stat in store.list("images", prefix)]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_comes_back_byte_for_byte(store, key):
    ref = put(store, key, b"hello")
    assert store.stat(ref).ref == ref
    assert store.read(ref, 100).data == b"hello"
    assert keys(store) == [key]
    assert keys(store, key) == [key]
    assert store.remove(ref)
    assert keys(store) == []


def test_what_was_put_is_read_with_its_digest_and_state(store):
    before = datetime.now(UTC) - timedelta(minutes=1)
    ref = put(store, "a.jpg", b"some bytes", user_key="sku-1")
    found = store.read(ref, 10)
    assert found.data == b"some bytes"
    assert found.image_id == image_digest(b"some bytes")
    assert found.stat == store.stat(ref)
    (listed,) = store.list("images")
    assert listed.user_key in {"sku-1", None}, "S3's listing does not tell it"
    assert replace(listed, user_key="sku-1") == found.stat, "a listing tells the same"
    assert (found.stat.ref, found.stat.size, found.stat.user_key) == (ref, 10, "sku-1")
    assert found.stat.last_modified.tzinfo is not None
    assert before < found.stat.last_modified < datetime.now(UTC) + timedelta(minutes=1)


def test_an_empty_object_and_one_without_a_user_key_are_objects(store):
    found = store.read(put(store, "empty", b""), 1)
    assert (found.data, found.stat.size, found.stat.user_key) == (b"", 0, None)


def test_putting_again_replaces_the_bytes_and_the_user_key(store):
    ref = put(store, "a.jpg", b"old", user_key="old")
    before = store.stat(ref)
    put(store, "a.jpg", b"new")
    found = store.read(ref, 100)
    assert (found.data, found.stat.user_key) == (b"new", None)
    assert found.stat.etag != before.etag
    assert keys(store) == ["a.jpg"]


def test_looking_changes_nothing(store):
    ref = put(store, "a.jpg")
    before = store.stat(ref)
    store.read(ref, 100)
    list(store.list("images"))
    assert store.stat(ref) == before


def test_an_object_larger_than_allowed_is_rejected(store):
    ref = put(store, "a.jpg", b"x" * 11)
    with pytest.raises(Rejected) as rejection:
        store.read(ref, 10)
    assert rejection.value.reason is Reason.TOO_MANY_BYTES
    assert len(store.read(ref, 11).data) == 11


@pytest.mark.parametrize("key", ["a", "a.jpg/b", "folder", "A.JPG"])
def test_what_is_not_there_is_gone(store, key):
    put(store, "a.jpg")
    put(store, "folder/b.jpg")
    ref = ObjectRef("images", key)
    with pytest.raises(ObjectGone):
        store.stat(ref)
    with pytest.raises(ObjectGone):
        store.read(ref, 100)
    assert not store.remove(ref)
    assert keys(store) == ["a.jpg", "folder/b.jpg"]


def test_what_was_removed_is_gone_and_removed_once(store):
    ref = put(store, "a.jpg")
    assert store.remove(ref)
    assert not store.remove(ref)
    with pytest.raises(ObjectGone):
        store.stat(ref)


def test_a_source_that_fails_leaves_what_was_there(store):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError("the line is cut")

    ref = put(store, "a.jpg", b"old")
    with pytest.raises(OSError, match="cut"):
        store.put(ref, Broken(b"new"))
    with pytest.raises(OSError, match="cut"):
        store.put(ObjectRef("images", "b.jpg"), Broken(b"new"))
    assert store.read(ref, 100).data == b"old"
    assert keys(store) == ["a.jpg"]


def test_buckets_keep_their_objects_apart_and_are_named_in_order(store):
    for bucket in ("zebras", "images", "images-2"):
        store.put(ObjectRef(bucket, "a.jpg"), io.BytesIO(bucket.encode()))
    named = store.buckets()
    assert [name for name in named if name in {"zebras", "images", "images-2"}] == [
        "images",
        "images-2",
        "zebras",
    ]
    assert named == sorted(named)
    assert store.read(ObjectRef("images-2", "a.jpg"), 100).data == b"images-2"
    assert keys(store) == ["a.jpg"]
    assert list(store.list("no-such-bucket")) == []


@pytest.mark.parametrize("key", ["", "/", "a//b", "/a", "a/", ".", "..", "../a", "a/../b", "a/./b"])
@pytest.mark.parametrize("bucket", ["images", "pictures"])
def test_a_key_that_is_no_plain_path_is_never_an_object(store, bucket, key):
    ref = ObjectRef(bucket, key)
    with pytest.raises(Rejected) as rejection:
        store.put(ref, io.BytesIO(b"x"))
    assert rejection.value.reason is Reason.BAD_KEY
    with pytest.raises(ObjectGone):
        store.stat(ref)
    assert not store.remove(ref)


@pytest.mark.parametrize("key", ["x" * 1025, "not-utf8-\udcff"])
def test_a_key_that_s3_could_not_hold_is_refused(store, key):
    with pytest.raises(Rejected) as rejection:
        put(store, key)
    assert rejection.value.reason is Reason.BAD_KEY


def test_a_prefix_lists_what_begins_with_it_byte_for_byte(store):
    for key in ("a/b/c", "a/b.d", "a/bc", "ab", "b/a/b/c", "A/b"):
        put(store, key)
    assert keys(store, "a/b") == ["a/b.d", "a/b/c", "a/bc"]
    assert keys(store, "a/b/") == ["a/b/c"]
    assert keys(store, "a") == ["a/b.d", "a/b/c", "a/bc", "ab"]
    assert keys(store, "a/b/c/d") == []
    assert keys(store, "c") == []


NAMES = st.text("ab.-/0 \u00e9\U0001f408\uffff", min_size=1, max_size=6)


def is_key(text: str) -> bool:
    return not {"", ".", ".."} & set(text.split("/"))


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sets(NAMES.filter(is_key), max_size=12), st.text("ab./", max_size=3))
@example({"a", "a.b", "a0", "b/a", "b-/a", "b0"}, "")
@example({"a/b/c", "a/b-", "a-/b"}, "a/")
def test_a_listing_is_in_the_byte_order_of_its_keys(store, wanted, prefix):
    for ref in [stat.ref for stat in store.list("images")]:
        store.remove(ref)
    there = set()
    for key in sorted(wanted):
        if not any(key.startswith(f"{other}/") for other in there):  # a folder's limit, not S3's
            try:
                put(store, key)
            except Rejected:
                continue  # an emptied folder is in the way
            there.add(key)
    expected = sorted((key for key in there if key.startswith(prefix)), key=str.encode)
    assert keys(store, prefix) == expected
