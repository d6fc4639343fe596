"""`seenit add` and `seenit remove` on a bucket: they upload and delete; it tells who indexes."""

import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import skimage
from minio import Minio

from tests.system.running import Running, seenit, verb


class Desk:
    """A folder to work in and a bucket to fill, watched by another client."""

    def __init__(self, folder, settings: dict[str, str]) -> None:
        self.folder = folder
        self.bucket = f"bucket-{uuid4().hex}"
        self.settings = {
            name.removeprefix("SEENIT_").lower(): value for name, value in settings.items()
        } | {"buckets": f"{self.bucket},others", "data_dir": folder / "state"}
        address = self.settings["storage_url"].removeprefix("s3://").split("?")[0]
        keys = (self.settings["s3_access_key"], self.settings["s3_secret_key"])
        self.client = Minio(address, *keys, secure=False)
        for name in (self.bucket, "others"):
            if not self.client.bucket_exists(name):
                self.client.make_bucket(name)

    def bundled(self, name: str) -> bytes:
        return (Path(skimage.__file__).parent / "data" / name).read_bytes()

    def run(self, *arguments: object, exit_code: int = 0):
        return verb(*arguments, exit_code=exit_code, **self.settings)

    def write(self, name: str, data: bytes):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def held(self) -> dict[str, bytes]:
        return {
            entry.object_name: self.client.get_object(self.bucket, entry.object_name).data
            for entry in self.client.list_objects(self.bucket, recursive=True)
        }


@pytest.fixture
def desk(tmp_path, minio):
    return Desk(tmp_path, dict(minio.settings))


def test_add_uploads_files_and_folders_into_the_first_bucket(desk):
    one = desk.write("one.jpg", b"1")
    desk.write("album/two 2.jpg", b"2")
    desk.write("album/deeper/\u732b.png", b"3")
    done = desk.run("add", one, desk.folder / "album", "--prefix", "new/", "--key", "sku \u00e9")
    assert "3 added" in done.stdout
    assert desk.held() == {
        "new/one.jpg": b"1",
        "new/two 2.jpg": b"2",
        "new/deeper/\u732b.png": b"3",
    }
    link = desk.client.stat_object(desk.bucket, "new/deeper/\u732b.png")
    assert link.content_type == "image/png"
    assert not (desk.folder / "state").exists(), "nothing is indexed here: the bucket tells of it"


def test_remove_deletes_keys_and_counts_those_that_were_there(desk):
    for name in ("a.jpg", "b c.jpg", "keep.jpg"):
        desk.run("add", desk.write(name, b"x"))
    done = desk.run("remove", "a.jpg", "b c.jpg", "never.jpg", "--json")
    assert json.loads(done.stdout) == {"removed": 2}
    assert set(desk.held()) == {"keep.jpg"}


def test_a_bucket_that_nobody_looks_into_is_refused(desk):
    done = desk.run("add", desk.write("a.jpg", b"x"), "--bucket", "elsewhere", exit_code=2)
    assert "--bucket" in done.stderr


def test_what_the_store_cannot_hold_spares_the_others(desk):
    long = desk.write("album/too-long.jpg", b"long")
    desk.write("album/short", b"x")
    prefix = "p" * 245  # MinIO keeps no more than 255 bytes between two slashes
    done = desk.run("add", desk.folder / "album", "--prefix", prefix, "--json", exit_code=1)
    told = json.loads(done.stdout)
    assert told["added"] == 1
    assert list(told["failed"]) == [str(long)]
    assert "bad_key" in told["failed"][str(long)]
    assert desk.held() == {f"{prefix}short": b"x"}


@pytest.mark.parametrize(
    ("setting", "value", "option"),
    [
        ("s3_secret_key", "mistaken", "SEENIT_S3_SECRET_KEY"),
        ("s3_access_key", "", "SEENIT_S3_ACCESS_KEY"),
        ("buckets", "no-such-bucket", "SEENIT_BUCKETS"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(desk, setting, value, option):
    desk.settings[setting] = value
    done = desk.run("add", desk.write("a.jpg", b"x"), exit_code=2)
    assert option in done.stderr
    assert "mistaken" not in done.stderr


def test_a_store_that_does_not_answer_is_said_so(desk):
    desk.settings["storage_url"] = "s3://127.0.0.1:1?secure=false"
    done = desk.run("add", desk.write("a.jpg", b"x"), exit_code=1)
    assert "store" in done.stderr


def test_what_is_in_the_bucket_is_found_by_its_name_and_linked_to(desk):
    coffee = desk.bundled("coffee.png")
    desk.run(
        "add", desk.write("a b/caf\u00e9 #1.png", coffee), "--prefix", "a b/", "--key", "sku-1"
    )
    desk.run("add", desk.write("copy.png", coffee))
    desk.run("reconcile")
    server = Running("serve", cwd=desk.folder, **desk.settings)
    try:
        name = f"{desk.bucket}/copy.png"
        told = ("search", name, "--api", server.address(), "--json")
        done = seenit(*told, cwd=desk.folder, **desk.settings)
        (hit,) = json.loads(done.stdout)["hits"]
        assert hit["match"] == "exact"
        told = {each["key"]: each for each in hit["objects"]}
        assert set(told) == {"a b/caf\u00e9 #1.png", "copy.png"}
        assert told["a b/caf\u00e9 #1.png"]["user_key"] == "sku-1"
        for each in told.values():
            assert httpx.get(each["url"]).content == coffee, "by a link to the store itself"
        desk.run("remove", "--user-key", "sku-1")
        assert set(desk.held()) == {"copy.png"}
    finally:
        server.end()
