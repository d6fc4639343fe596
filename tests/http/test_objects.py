"""What is stored: objects one by one, page by page, counted, and their bytes."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_from_bytes

import pytest

from search_api.parts import Parts
from shared.errors import Reason, TransientError
from shared.records import BucketCount, ObjectRef, ObjectStat, ObjectState, StoredObject
from tests.http.conftest import WHEN

CAT, DOG = b"PICTURE of a cat", b"PICTURE of a dog"

KEYS = [
    "plain.jpg",
    "with space+plus",
    "literal %2F and %25",
    "deep/er/path//double",
    "folder/",
    "/leading",
    "emoji \U0001f431",
    "e\u0301 decomposed",
    "new\nline",
    "trailing\n",
    "trailing ",
    "quo\"te'<script>",
    "\u202eright to left",
    "?query#fragment;x=1&y",
    "content",
    "..",
    "x" * 1024,
]


@pytest.mark.parametrize("key", KEYS, ids=[repr(key[:20]) for key in KEYS])
@pytest.mark.parametrize("safe", ["", "/"])
async def test_any_key_is_found_byte_for_byte(world, client, key, safe):
    image_id = await world.add("b", key, CAT)
    await world.add("b", "another", DOG)
    escaped = quote(key, safe=safe).replace("..", "%2E%2E")
    entry = (await client.get(f"/v1/objects/b/{escaped}")).json()
    assert (entry["bucket"], entry["key"], entry["image_id"]) == ("b", key, image_id)
    content = await client.get(f"/v1/content/b/{escaped}")
    assert content.content == CAT


async def test_the_link_of_a_hit_leads_to_its_bytes(world, client):
    await world.add("b ü", "a b/%2F?.jpg", CAT)
    reply = await client.post("/v1/search", files={"image": CAT})
    url = reply.json()["hits"][0]["objects"][0]["url"]
    assert (await client.get(url)).content == CAT


async def test_a_name_that_is_not_utf_8_is_shown_and_found(world, client):
    ref = ObjectRef("b", "caf\udce9.jpg")
    stat = ObjectStat(ref, 7, "etag", WHEN)
    world.catalog.add(
        StoredObject(stat, ObjectState.REJECTED, WHEN, reason=Reason.BAD_KEY, detail="no UTF-8")
    )
    (entry,) = (await client.get("/v1/objects")).json()["objects"]
    assert entry["key"] == "caf\\xe9.jpg"
    assert (await client.get("/v1/objects/b/caf%E9.jpg")).json() == entry
    assert (entry["state"], entry["reason"], entry["url"]) == ("rejected", "bad_key", None)
    assert (await client.get("/v1/content/b/caf%E9.jpg")).status_code == 404


async def test_a_picture_is_served_as_a_picture_and_as_nothing_else(world, client):
    await world.add("b", "cats/fun\u20acny.html", CAT)
    response = await client.get("/v1/content/b/cats/" + quote("fun\u20acny.html"))
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["x-content-type-options"] == "nosniff"
    name = quote_from_bytes("fun\u20acny.html".encode())
    assert response.headers["content-disposition"] == f"inline; filename*=UTF-8''{name}"
    for known in (response.headers["etag"], "*"):
        again = await client.get(response.request.url, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")


async def test_only_the_bytes_that_the_catalog_knows_are_served(world, client):
    await world.add("b", "k", CAT)
    world.store.data[ObjectRef("b", "k")] = b"<script>"
    assert (await client.get("/v1/content/b/k")).status_code == 404
    world.store.data[ObjectRef("b", "secret")] = b"PICTURE not in the catalog"
    assert (await client.get("/v1/content/b/secret")).status_code == 404


async def test_a_store_that_is_down_is_a_503(world, client):
    await world.add("b", "k", CAT)
    world.store.broken = TransientError("store", "no route")
    response = await client.get("/v1/content/b/k")
    assert response.status_code == 503
    assert "retry-after" in response.headers


async def test_pages_of_objects_put_together_are_all_of_them_in_key_order(world, client):
    for key in KEYS:
        await world.add("b", key, CAT)
    await world.add("a", "first", DOG)
    found, cursor = [], None
    while True:
        sent = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        reply = (await client.get("/v1/objects", params=sent)).json()
        found += [(entry["bucket"], entry["key"]) for entry in reply["objects"]]
        cursor = reply["next_cursor"]
        if cursor is None:
            break
    assert found == [("a", "first"), *sorted(("b", key) for key in KEYS)]


async def test_a_list_is_narrowed_by_bucket_prefix_and_state(world, client):
    await world.add("a", "x/1", CAT)
    await world.add("b", "x/2", CAT)
    await world.add("b", "y/3", CAT)

    async def keys(**sent):
        reply = (await client.get("/v1/objects", params=sent)).json()
        return [entry["key"] for entry in reply["objects"]]

    assert await keys(bucket="b") == ["x/2", "y/3"]
    assert await keys(prefix="x/") == ["x/1", "x/2"]
    assert await keys(bucket="b", prefix="x/", state="indexed") == ["x/2"]
    assert await keys(state="rejected") == []


def reject(world, bucket, key, reason):
    stat = ObjectStat(ObjectRef(bucket, key), 7, "etag", WHEN)
    world.catalog.add(StoredObject(stat, ObjectState.REJECTED, WHEN, reason=reason, detail="so"))


async def test_a_level_of_a_bucket_is_its_folders_and_its_own_objects_page_by_page(world, client):
    image_id = await world.add("b", "cats/1", CAT)
    for key in ("cats/2", "cats/deep/3", "dog", "mice/4"):
        await world.add("b", key, CAT)
    await world.add("a", "cats/elsewhere", DOG)
    reject(world, "b", "bad/5", Reason.EMPTY)

    async def level(**sent):
        asked = {"bucket": "b", "delimiter": "/"} | sent
        return (await client.get("/v1/objects", params=asked)).json()

    whole = await level()
    assert [entry["prefix"] for entry in whole["prefixes"]] == ["bad/", "cats/", "mice/"]
    assert [entry["image_id"] for entry in whole["prefixes"]] == [None, image_id, image_id]
    assert [entry["key"] for entry in whole["objects"]] == ["dog"]
    assert [p["prefix"] for p in (await level(state="indexed"))["prefixes"]] == ["cats/", "mice/"]
    inner = await level(prefix="cats/")
    assert [entry["prefix"] for entry in inner["prefixes"]] == ["cats/deep/"]
    assert [entry["key"] for entry in inner["objects"]] == ["cats/1", "cats/2"]
    first = await level(limit=2)
    rest = await level(limit=2, cursor=first["next_cursor"])
    assert [p["prefix"] for p in first["prefixes"] + rest["prefixes"]] == ["bad/", "cats/", "mice/"]
    assert (first["objects"], rest["objects"]) == ([], whole["objects"])
    assert rest["next_cursor"] is None
    assert (await client.get("/v1/objects")).json()["prefixes"] == []


@pytest.mark.parametrize(
    "sent",
    [
        {"delimiter": "/"},
        {"delimiter": "-", "bucket": "b"},
        {"delimiter": "/", "bucket": "b", "reason": "empty"},
        {"reason": "ugly"},
    ],
)
async def test_a_level_of_no_bucket_or_another_delimiter_is_refused(client, sent):
    assert (await client.get("/v1/objects", params=sent)).status_code == 422


async def test_a_cursor_of_one_bucket_leads_into_no_other(world, client):
    for bucket in "ab":
        for key in ("1", "2"):
            await world.add(bucket, key, CAT)
    sent = {"bucket": "a", "delimiter": "/", "limit": 1}
    cursor = (await client.get("/v1/objects", params=sent)).json()["next_cursor"]
    sent |= {"cursor": cursor}
    assert (await client.get("/v1/objects", params=sent)).status_code == 200
    assert (await client.get("/v1/objects", params=sent | {"bucket": "b"})).status_code == 422


async def test_rejections_are_counted_and_listed_by_reason(world, client):
    await world.add("b", "good", CAT)
    reject(world, "b", "x/1", Reason.BROKEN)
    reject(world, "b", "x/2", Reason.EMPTY)
    reject(world, "b", "y/3", Reason.EMPTY)
    reject(world, "c", "x/4", Reason.TOO_MANY_BYTES)

    async def reasons(**sent):
        reply = (await client.get("/v1/rejections", params=sent)).json()
        return [(entry["reason"], entry["objects"]) for entry in reply["reasons"]]

    assert await reasons() == [("empty", 2), ("broken", 1), ("too_many_bytes", 1)]
    assert await reasons(bucket="b", prefix="x/") == [("broken", 1), ("empty", 1)]
    assert await reasons(bucket="nowhere") == []
    listed = (await client.get("/v1/objects", params={"reason": "empty"})).json()["objects"]
    assert [entry["key"] for entry in listed] == ["x/2", "y/3"]


async def test_buckets_are_counted_by_state(world, client):
    async def buckets():
        return [BucketCount("cats", 5, 2)]

    world.catalog.buckets = buckets
    assert (await client.get("/v1/buckets")).json() == {
        "buckets": [{"bucket": "cats", "objects": 7, "indexed": 5, "rejected": 2}]
    }


async def test_stats_tell_totals_model_and_the_progress_of_ingest(world, monkeypatch):
    await world.add("b", "k", CAT)
    parts = world.parts()
    told = {"active": True, "done": 3, "total": 9, "rate": 1.5, "eta_s": None}
    with_progress = Parts(
        parts.store, parts.catalog, parts.index, parts.decoder, parts.embedding, lambda: told
    )
    monkeypatch.setattr(world, "parts", lambda: with_progress)
    async with world.client() as client:
        reply = (await client.get("/v1/stats")).json()
    assert datetime.now(UTC) - datetime.fromisoformat(reply.pop("now")) < timedelta(minutes=1)
    assert reply == {
        "objects": 1,
        "images": 1,
        "rejected": 0,
        "newest": None,
        "url_search": False,
        "model_id": "fake-512-00000000",
        "progress": told,
    }
