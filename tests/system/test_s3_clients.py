"""Whatever way an object comes into a bucket or leaves it, the search shows what the bucket shows.

Only notifications tell the worker: its comparisons with the bucket are a day apart.
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.faults.processes import Listening, search_api, worker
from tests.system.conftest import Pictures
from tests.system.running import PATIENCE_S, eventually, heard, verb
from tests.system.s3_clients import CLIENTS, Boto3, Client, Mc

PLAIN, VERSIONED, EXPIRING = "clients-plain", "clients-versioned", "clients-expiring"
WITHIN_S = 60.0
LONG = "/".join(["long" * 50] * 5)
KEYS = [
    "space and + plus.jpg",
    "percent %2F %25 %.jpg",
    "emoji \U0001f980.jpg",
    unicodedata.normalize("NFC", "twin \u00e9.jpg"),
    unicodedata.normalize("NFD", "twin \u00e9.jpg"),
    "A.jpg",
    "a.jpg",
    "trailing space ",
    "new\nline.jpg",
    "\"double\" 'single' `back`.jpg",
    "<script>alert(1)</script>.jpg",
    "\u202egpj.exe \u05d0\u05d1.jpg",
    ".leading dot.jpg",
    "no extension",
    "?&=#;:@$,[]{}|~^.jpg",
]


class System:
    """Buckets, a worker and a search on the stack, seen from outside."""

    def __init__(self, settings: dict[str, str], folder: Path) -> None:
        self.address = settings["storage_url"].removeprefix("s3://").split("?")[0]
        self.keys = (settings["s3_access_key"], settings["s3_secret_key"])
        self.s3 = Boto3(self.address, *self.keys, folder).client()
        self.worker: Listening = worker(settings, folder / "worker.log")
        self.search: Listening = search_api(settings, folder / "serve.log")

    def objects(self, bucket: str, prefix: str = "") -> dict[str, str]:
        """Ask Seenit for the keys under a prefix, and the image that each is."""
        found: dict[str, str] = {}
        cursor: str | None = ""
        while cursor is not None:
            query = {"bucket": bucket, "prefix": prefix, "limit": 1000}
            page = self._asked("/v1/objects", **query, **({"cursor": cursor} if cursor else {}))
            found |= {one["key"]: one.get("image_id") for one in page["objects"]}
            cursor = page["next_cursor"]
        return found

    def becomes(self, bucket: str, prefix: str, expected: dict[str, bytes]) -> None:
        """Wait until Seenit shows exactly these objects, and that the bucket shows them too."""
        digests = {key: hashlib.sha256(data).hexdigest() for key, data in expected.items()}

        def shows() -> bool:
            assert self.worker.running, self.worker.told()[-3000:]
            return self.objects(bucket, prefix) == digests

        try:
            eventually(shows, WITHIN_S)
        except AssertionError:
            assert self.objects(bucket, prefix) == digests
        assert self.listed(bucket, prefix) == digests.keys()

    def listed(self, bucket: str, prefix: str) -> set[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {one["Key"] for page in pages for one in page.get("Contents", ())}

    def asks_for_what_expired(self, bucket: str, key: str) -> None:
        """Have MinIO carry out a lifecycle: it does for what is asked for, else when it scans."""
        with pytest.raises(self.s3.exceptions.ClientError):
            self.s3.head_object(Bucket=bucket, Key=key)

    def hit(self, data: bytes) -> dict[str, str | None]:
        """Search with a file; returns the keys that hold these very bytes, and their user keys."""
        url = f"http://127.0.0.1:{self.search.port}/v1/search"
        reply = heard(lambda: httpx.post(url, files={"image": data}, timeout=PATIENCE_S))
        hits = reply.raise_for_status().json()["hits"]
        exact = [hit for hit in hits if hit["match"] == "exact"]
        return {one["key"]: one["user_key"] for hit in exact for one in hit["objects"]}

    def hit_by_key(self, bucket: str, key: str) -> str:
        """Search by an object; returns the image found first."""
        return self._asked("/v1/search", bucket=bucket, key=key)["hits"][0]["image_id"]

    def _asked(self, path: str, **query: object) -> dict:
        url = f"http://127.0.0.1:{self.search.port}{path}"
        reply = heard(lambda: httpx.get(url, params=query, timeout=PATIENCE_S))
        return reply.raise_for_status().json()


@pytest.fixture(scope="module")
def system(
    services, kafka_url, minio, mysql_url, milvus_url, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("clients")
    own = {
        "catalog_url": f"{mysql_url}/clients",
        "buckets": f"{PLAIN},{VERSIONED},{EXPIRING}",
        "consumer_group": "clients",
        "reconcile_s": "86400",
        "notify_arn": services.minio.direct_arn,  # every step waits for its notification
        "search_user": "clients-search",
    }
    given = {key.removeprefix("SEENIT_").lower(): v for key, v in services.settings.items()}
    settings = given | own | {"kafka_url": kafka_url, "index_url": milvus_url}
    assert settings["storage_url"] == minio.settings["SEENIT_STORAGE_URL"]
    assert not services.start(), "a test before left one that does not come back"
    verb("setup", cwd=folder, **settings)
    system = System(settings, folder)
    system.s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
    try:
        system.worker.is_up("/readyz")
        system.search.is_up("/readyz")
        yield system
    finally:
        system.search.end()
        system.worker.end()


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest, system: System, tmp_path: Path) -> Client:
    return CLIENTS[request.param](system.address, *system.keys, tmp_path)


def test_what_any_client_uploads_is_found_by_its_key_byte_for_byte_until_it_is_removed(
    system, client, request, pictures: Pictures
):
    prefix = f"{request.node.callspec.params['client']}/"
    keys = [prefix + key for key in KEYS]
    keys.append(prefix + (LONG + "x" * 1024)[: 1024 - len(prefix)])
    uploaded = {key: pictures.one() for key in keys}
    for number, (key, data) in enumerate(uploaded.items()):
        client.put(PLAIN, key, data, f"sku-{number}")
    system.becomes(PLAIN, prefix, uploaded)
    for number, (key, data) in enumerate(uploaded.items()):
        assert system.hit(data) == {key: f"sku-{number}"}
        assert system.hit_by_key(PLAIN, key) == hashlib.sha256(data).hexdigest()
    for key in keys[::4]:
        client.remove(PLAIN, key)
        assert uploaded.pop(key)
    system.becomes(PLAIN, prefix, uploaded)


def test_an_upload_in_parts_is_found(system, pictures):
    data = pictures.one() + bytes(6 << 20)
    begun = system.s3.create_multipart_upload(
        Bucket=PLAIN, Key="parts/+ 1.jpg", Metadata={"key": "in-parts"}
    )
    where = {name: begun[name] for name in ("Bucket", "Key", "UploadId")}
    parts = [
        {
            "PartNumber": number,
            "ETag": system.s3.upload_part(**where, PartNumber=number, Body=body)["ETag"],
        }
        for number, body in enumerate((data[: 5 << 20], data[5 << 20 :]), 1)
    ]
    assert system.objects(PLAIN, "parts/") == {}
    system.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    system.becomes(PLAIN, "parts/", {"parts/+ 1.jpg": data})
    assert system.hit(data) == {"parts/+ 1.jpg": "in-parts"}


def test_a_copy_is_found_and_a_copy_onto_itself_changes_the_users_key(system, pictures):
    data = pictures.one()
    system.s3.put_object(Bucket=PLAIN, Key="copy/from.jpg", Body=data, Metadata={"key": "old"})
    source = {"Bucket": PLAIN, "Key": "copy/from.jpg"}
    system.s3.copy_object(Bucket=PLAIN, Key="copy/to + 1.jpg", CopySource=source)
    system.becomes(PLAIN, "copy/", {"copy/from.jpg": data, "copy/to + 1.jpg": data})
    assert system.hit(data) == {"copy/from.jpg": "old", "copy/to + 1.jpg": "old"}
    system.s3.copy_object(
        **source, CopySource=source, Metadata={"key": "new"}, MetadataDirective="REPLACE"
    )
    expected = {"copy/from.jpg": "new", "copy/to + 1.jpg": "old"}
    eventually(lambda: system.hit(data) == expected, WITHIN_S)


def test_a_browsers_form_upload_is_found(system, pictures):
    data, key = pictures.one(), "form/a b+c \u00fc.jpg"
    fields = {"x-amz-meta-key": "by-form"}
    form = system.s3.generate_presigned_post(PLAIN, key, fields, [fields])
    sent = httpx.post(form["url"], data=form["fields"], files={"file": ("x.jpg", data)})
    assert sent.status_code == 204, sent.text
    system.becomes(PLAIN, "form/", {key: data})
    assert system.hit(data) == {key: "by-form"}


def test_an_overwritten_object_is_found_by_its_newest_bytes_only(system, pictures):
    first, second = pictures.one(), pictures.one()
    system.s3.put_object(Bucket=PLAIN, Key="over/1.jpg", Body=first)
    system.becomes(PLAIN, "over/", {"over/1.jpg": first})
    system.s3.put_object(Bucket=PLAIN, Key="over/1.jpg", Body=second)
    system.becomes(PLAIN, "over/", {"over/1.jpg": second})
    assert system.hit(first) == {}


def test_an_empty_object_that_stands_for_a_folder_is_ignored(system, pictures):
    system.s3.put_object(Bucket=PLAIN, Key="folder/", Body=b"")
    data = pictures.one()
    system.s3.put_object(Bucket=PLAIN, Key="folder/1.jpg", Body=data)
    eventually(lambda: "folder/1.jpg" in system.objects(PLAIN, "folder/"), WITHIN_S)
    assert [*system.objects(PLAIN, "folder/")] == ["folder/1.jpg"]


def test_of_a_versioned_object_the_newest_version_is_found_whatever_becomes_of_versions(
    system, pictures
):
    key, old, new = "versions/1.jpg", pictures.one(), pictures.one()

    def put(data: bytes) -> str:
        return system.s3.put_object(Bucket=VERSIONED, Key=key, Body=data)["VersionId"]

    def delete(**version: str) -> str:
        return system.s3.delete_object(Bucket=VERSIONED, Key=key, **version).get("VersionId")

    first = put(old)
    system.becomes(VERSIONED, "versions/", {key: old})
    second = put(new)
    system.becomes(VERSIONED, "versions/", {key: new})
    marker = delete()
    system.becomes(VERSIONED, "versions/", {})
    delete(VersionId=marker)
    system.becomes(VERSIONED, "versions/", {key: new})
    delete(VersionId=second)
    system.becomes(VERSIONED, "versions/", {key: old})
    delete(VersionId=first)
    system.becomes(VERSIONED, "versions/", {})


def test_an_old_version_that_is_deleted_changes_nothing(system, pictures):
    key, new = "older/1.jpg", pictures.one()
    old = system.s3.put_object(Bucket=VERSIONED, Key=key, Body=pictures.one())["VersionId"]
    system.s3.put_object(Bucket=VERSIONED, Key=key, Body=new)
    system.s3.delete_object(Bucket=VERSIONED, Key=key, VersionId=old)
    later = pictures.one()
    system.s3.put_object(Bucket=VERSIONED, Key="older/2.jpg", Body=later)
    system.becomes(VERSIONED, "older/", {key: new, "older/2.jpg": later})


def test_what_a_lifecycle_lets_expire_is_found_no_more(system, pictures):
    kept, gone = pictures.one(), pictures.one()
    system.s3.put_object(Bucket=EXPIRING, Key="kept/1.jpg", Body=kept)
    system.s3.put_object(Bucket=EXPIRING, Key="gone/1.jpg", Body=gone)
    system.becomes(EXPIRING, "", {"kept/1.jpg": kept, "gone/1.jpg": gone})
    rule = {
        "ID": "at once",
        "Status": "Enabled",
        "Filter": {"Prefix": "gone/"},
        "Expiration": {"Date": datetime(2020, 1, 1, tzinfo=UTC)},
    }
    system.s3.put_bucket_lifecycle_configuration(
        Bucket=EXPIRING, LifecycleConfiguration={"Rules": [rule]}
    )
    system.asks_for_what_expired(EXPIRING, "gone/1.jpg")
    system.becomes(EXPIRING, "", {"kept/1.jpg": kept})


def test_what_a_lifecycle_removes_with_all_its_versions_is_found_no_more(
    system, pictures, tmp_path
):
    def made_long_ago(params, **_) -> None:
        params["headers"]["x-minio-source-mtime"] = "2020-01-01T00:00:00Z"

    client = Boto3(system.address, *system.keys, tmp_path).client()
    client.meta.events.register("before-call.s3.PutObject", made_long_ago)
    for data in (old := pictures.one(), new := pictures.one()):
        client.put_object(Bucket=VERSIONED, Key="all/1.jpg", Body=data)
    system.becomes(VERSIONED, "all/", {"all/1.jpg": new})
    Mc(system.address, *system.keys, tmp_path).let_all_versions_expire(VERSIONED, "all/")
    system.asks_for_what_expired(VERSIONED, "all/1.jpg")
    system.becomes(VERSIONED, "all/", {})
    assert system.hit(old) == system.hit(new) == {}
