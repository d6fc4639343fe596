"""What only S3 stores do, on a real MinIO: versions, parts, refusals, lines that are cut."""

import io
import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest
from minio import Minio, MinioAdmin
from minio.credentials.providers import StaticProvider
from minio.versioningconfig import ENABLED, VersioningConfig

from shared.errors import ConfigurationError, ObjectGone, Rejected, TransientError
from shared.records import ObjectRef
from shared.settings import load_settings
from shared.storage.open import open_links, open_store


class Bucket:
    """A bucket of its own: by the client that made it, and as Seenit sees it."""

    def __init__(self, settings: dict[str, str]) -> None:
        self.name = f"bucket-{uuid4().hex}"
        self._settings = settings
        self.address = settings["SEENIT_STORAGE_URL"].removeprefix("s3://").split("?")[0]
        keys = (settings["SEENIT_S3_ACCESS_KEY"], settings["SEENIT_S3_SECRET_KEY"])
        self.client = Minio(self.address, *keys, secure=False)
        self.client.make_bucket(self.name)
        self.store = open_store(self.configured())

    def configured(self, **changes: str):
        given = {
            "storage_url": self._settings["SEENIT_STORAGE_URL"],
            "s3_access_key": self._settings["SEENIT_S3_ACCESS_KEY"],
            "s3_secret_key": self._settings["SEENIT_S3_SECRET_KEY"],
            "buckets": self.name,
            "catalog_url": "sqlite:////nowhere",
        }
        return load_settings(**given | changes)

    def ref(self, key: str) -> ObjectRef:
        return ObjectRef(self.name, key)

    def upload(self, key: str, data: bytes, **options) -> None:
        self.client.put_object(self.name, key, io.BytesIO(data), len(data), **options)

    def seen_by_another(self, statements: list[dict]):
        """Open it as a user with a policy of its own."""
        name, password = f"user-{uuid4().hex[:12]}", "not-a-secret"
        keys = self._settings["SEENIT_S3_ACCESS_KEY"], self._settings["SEENIT_S3_SECRET_KEY"]
        admin = MinioAdmin(endpoint=self.address, credentials=StaticProvider(*keys), secure=False)
        admin.policy_add(name, policy={"Version": "2012-10-17", "Statement": statements})
        admin.user_add(name, password)
        admin.policy_set(name, user=name)
        return open_store(self.configured(s3_access_key=name, s3_secret_key=password))

    def keys(self, prefix: str = "") -> list[str]:
        return [stat.ref.key for stat in self.store.list(self.name, prefix)]


@pytest.fixture
def bucket(minio):
    return Bucket(dict(minio.settings))


class Line:
    """A line to a server that delivers so many bytes of each answer and is then cut."""

    def __init__(self, address: str) -> None:
        host, port = address.split(":")
        self._target = (host, int(port))
        self.delivers = 1 << 40
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"s3://127.0.0.1:{self._server.getsockname()[1]}?secure=false"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near = self._server.accept()[0]
                threading.Thread(target=self._carry, args=[near], daemon=True).start()

    def _carry(self, near: socket.socket) -> None:
        with near, socket.create_connection(self._target) as far, suppress(OSError):
            while request := near.recv(65536):
                far.sendall(request)
                left = self.delivers
                while left > 0 and (data := far.recv(min(65536, left))):
                    near.sendall(data)
                    left -= len(data)
                    if self.delivers == 1 << 40 and not _more(far):
                        break
                if left <= 0:
                    return


def _more(connection: socket.socket) -> bool:
    """Whether more of an answer comes within a moment."""
    connection.settimeout(0.1)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except TimeoutError:
        return False
    finally:
        connection.settimeout(None)


@pytest.fixture
def line(bucket):
    line = Line(bucket.address)
    yield line
    line.close()


KEYS = ["tab\t", "a\rb\x01\x7f", "~!*'();:@&=+$,?#[]", "a%00b", "\u00e9" * 100, "a/" * 400 + "b"]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_put_by_another_client_comes_back_byte_for_byte(bucket, key):
    url = open_links(bucket.configured())(bucket.ref(key))
    bucket.upload(key, b"hello")
    assert bucket.keys() == bucket.keys(key) == [key]
    found = bucket.store.read(bucket.ref(key), 100)
    assert found.data == b"hello"
    assert found.stat == bucket.store.stat(bucket.ref(key))
    assert httpx.get(url).content == b"hello", "by its link"
    assert bucket.store.remove(bucket.ref(key))
    assert bucket.keys() == []


def test_a_folder_made_by_a_tool_is_nothing(bucket):
    bucket.upload("folder/", b"")
    bucket.upload("folder/a.jpg", b"x")
    assert bucket.keys() == ["folder/a.jpg"]
    for call in (bucket.store.stat, lambda ref: bucket.store.read(ref, 100)):
        with pytest.raises(ObjectGone):
            call(bucket.ref("folder/"))


def test_a_leading_slash_is_not_taken_for_the_object_without(bucket):
    bucket.upload("a.jpg", b"x")
    with pytest.raises(ObjectGone):
        bucket.store.stat(bucket.ref("/a.jpg"))
    assert not bucket.store.remove(bucket.ref("/a.jpg"))
    assert bucket.keys() == ["a.jpg"]


def test_an_object_below_another_is_read_though_minio_lists_only_the_one_above(bucket):
    bucket.store.put(bucket.ref("a"), io.BytesIO(b"above"))
    bucket.store.put(bucket.ref("a/b"), io.BytesIO(b"below"))
    assert bucket.store.read(bucket.ref("a"), 100).data == b"above"
    assert bucket.store.read(bucket.ref("a/b"), 100).data == b"below"
    assert bucket.keys() == ["a"]


def test_a_listing_of_many_pages_is_whole_and_in_order(bucket):
    names = [f"{number:04}" for number in range(1010)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda name: bucket.upload(name, b"x"), names))
    assert bucket.keys() == names
    assert bucket.keys("100") == [f"100{number}" for number in range(10)]


def test_a_large_stream_is_put_in_parts(bucket, monkeypatch):
    monkeypatch.setattr("shared.storage.s3.uploads.WHOLE", 5 * 2**20)
    data = bytes(range(256)) * 4096 * 11
    bucket.store.put(bucket.ref("large"), io.BytesIO(data), "sku-1")
    found = bucket.store.read(bucket.ref("large"), len(data))
    assert found.data == data
    assert (found.stat.user_key, found.stat.etag[-2:]) == ("sku-1", "-3")
    assert [found.stat.etag] == [stat.etag for stat in bucket.store.list(bucket.name)]


@pytest.mark.parametrize(
    "user_key", ["sku 1", "", "caf\u00e9 \u732b \U0001f408", "a\r\nX-Evil: 1", " a  b "]
)
def test_a_user_key_comes_back_as_it_was_given(bucket, user_key):
    bucket.store.put(bucket.ref("a"), io.BytesIO(b"x"), user_key)
    assert bucket.store.stat(bucket.ref("a")).user_key == user_key
    assert bucket.store.read(bucket.ref("a"), 1).stat.user_key == user_key


@pytest.mark.parametrize("user_key", ["x" * 3000, "not-utf8-\udcff"])
def test_a_user_key_that_s3_could_not_hold_is_refused_by_its_option(bucket, user_key):
    with pytest.raises(ConfigurationError, match="--key"):
        bucket.store.put(bucket.ref("a"), io.BytesIO(b"x"), user_key)
    assert bucket.keys() == []


def test_metadata_of_another_client_is_the_user_key(bucket):
    bucket.upload("a", b"x", metadata={"key": "sku-1"})
    bucket.upload("b", b"x", metadata={"X-Amz-Meta-Key": "=?UTF-8?B?w7Y=?="})
    assert bucket.store.stat(bucket.ref("a")).user_key == "sku-1"
    assert bucket.store.stat(bucket.ref("b")).user_key == "\u00f6"


def test_a_picture_is_put_as_one_so_that_browsers_show_it(bucket):
    bucket.store.put(bucket.ref("a.jpg"), io.BytesIO(b"x"))
    assert bucket.client.stat_object(bucket.name, "a.jpg").content_type == "image/jpeg"


def test_a_delete_marker_hides_an_object_and_its_removal_brings_it_back(bucket):
    bucket.client.set_bucket_versioning(bucket.name, VersioningConfig(ENABLED))
    bucket.upload("a", b"old")
    bucket.upload("a", b"new")
    new = bucket.store.read(bucket.ref("a"), 100)
    assert (new.data, bool(new.stat.version_id)) == (b"new", True)
    assert bucket.store.remove(bucket.ref("a"))
    assert bucket.keys() == []
    with pytest.raises(ObjectGone):
        bucket.store.stat(bucket.ref("a"))
    with pytest.raises(ObjectGone):
        bucket.store.read(bucket.ref("a"), 100)
    (marker,) = [
        entry
        for entry in bucket.client.list_objects(bucket.name, include_version=True)
        if entry.is_delete_marker
    ]
    bucket.client.remove_object(bucket.name, "a", marker.version_id)
    assert bucket.store.read(bucket.ref("a"), 100) == new


def test_a_bucket_that_vanishes_is_waited_for_and_empties_nothing(bucket):
    bucket.client.remove_bucket(bucket.name)
    for call in (
        bucket.store.buckets,
        bucket.keys,
        lambda: bucket.store.stat(bucket.ref("a")),
        lambda: bucket.store.read(bucket.ref("a"), 100),
        lambda: bucket.store.remove(bucket.ref("a")),
        lambda: bucket.store.put(bucket.ref("a"), io.BytesIO(b"x")),
    ):
        with pytest.raises(TransientError, match=re.escape(bucket.name)):
            call()
    with pytest.raises(ConfigurationError, match="SEENIT_BUCKETS"):
        open_store(bucket.configured())


@pytest.mark.parametrize(
    ("setting", "option"),
    [("s3_access_key", "SEENIT_S3_ACCESS_KEY"), ("s3_secret_key", "SEENIT_S3_SECRET_KEY")],
)
def test_wrong_keys_are_refused_by_name_when_the_store_is_opened(bucket, setting, option):
    with pytest.raises(ConfigurationError) as problem:
        open_store(bucket.configured(**{setting: "mistaken"}))
    assert problem.value.option == option


def test_what_a_policy_denies_is_rejected_and_holds_up_nothing(bucket):
    bucket.upload("secret/a", b"x")
    bucket.upload("b", b"y")
    reads = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"]}
    everything = [f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/*"]
    secrets = [f"arn:aws:s3:::{bucket.name}/secret/*"]
    denied = {"Effect": "Deny", "Action": ["s3:GetObject"], "Resource": secrets}
    store = bucket.seen_by_another([reads | {"Resource": everything}, denied])

    assert store.stat(bucket.ref("secret/a")).size == 1
    with pytest.raises(Rejected, match="AccessDenied"):
        store.read(bucket.ref("secret/a"), 1)
    assert store.read(bucket.ref("b"), 1).data == b"y"


def test_a_line_that_is_cut_anywhere_in_an_answer_is_trouble_and_then_heals(bucket, line):
    data = bytes(range(256)) * 2000
    bucket.upload("a", data)
    store = open_store(bucket.configured(storage_url=line.url))
    for delivered in (1, 300, 5_000, 400_000, len(data)):
        line.delivers = delivered
        with pytest.raises(TransientError):
            store.read(bucket.ref("a"), len(data))
    line.delivers = 1
    for call in (
        lambda: store.stat(bucket.ref("a")),
        lambda: list(store.list(bucket.name)),
        store.buckets,
    ):
        with pytest.raises(TransientError):
            call()
    line.delivers = 1 << 40
    assert store.read(bucket.ref("a"), len(data)).data == data


def test_many_threads_read_and_look_side_by_side(bucket):
    contents = {f"{number}": bytes([number]) * 1000 * number for number in range(1, 60)}
    for key, data in contents.items():
        bucket.upload(key, data)

    def reads_right(key: str) -> bool:
        found = bucket.store.read(bucket.ref(key), 100_000)
        return found.data == contents[key] and found.stat == bucket.store.stat(bucket.ref(key))

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(reads_right, list(contents) * 5))
