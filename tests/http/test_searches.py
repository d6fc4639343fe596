"""What a search answers."""

import asyncio
import base64

import numpy as np
import pytest
from prometheus_client import REGISTRY

from shared.records import ObjectRef, StoredObject

CAT, DOG = b"PICTURE of a cat", b"PICTURE of a dog"


def file(data: bytes, **fields) -> dict:
    return {"files": {"image": ("a.jpg", data, "image/jpeg")}, "data": fields}


def ids(response) -> list[str]:
    assert response.status_code == 200, response.text
    return [hit["image_id"] for hit in response.json()["hits"]]


def towards(cosine: float, seed: int) -> np.ndarray:
    """A unit vector at this cosine from the first axis."""
    other = np.random.default_rng(seed).normal(size=511)
    rest = np.sqrt(1 - cosine**2) * other / np.linalg.norm(other)
    return np.concatenate([[cosine], rest]).astype(np.float32)


async def test_an_empty_index_answers_no_hits(client):
    response = await client.post("/v1/search", **file(CAT))
    assert ids(response) == []
    assert response.json()["next_cursor"] is None


async def test_a_reply_has_the_shape_that_was_promised(world, client):
    image_id = await world.add("images", "cats/a b.jpg", CAT)
    reply = (await client.post("/v1/search", **file(CAT))).json()
    took = reply.pop("took_ms")
    assert took.keys() == {"decode", "embed", "index", "catalog"}
    assert reply == {
        "query": {
            "image_id": image_id,
            "width": 640,
            "height": 480,
            "known": True,
            "preview": None,
        },
        "model_id": "fake-512-00000000",
        "thresholds": {"near_duplicate": 0.9},
        "hits": [
            {
                "image_id": image_id,
                "similarity": 1.0,
                "match": "exact",
                "view": "whole",
                "box": None,
                "width": 640,
                "height": 480,
                "format": "JPEG",
                "bytes": len(CAT),
                "thumbnail": f"/v1/images/{image_id}/thumbnail",
                "objects": [
                    {
                        "bucket": "images",
                        "key": "cats/a b.jpg",
                        "user_key": None,
                        "last_modified": "2026-01-01T00:00:00Z",
                        "url": "/v1/content/images/cats/a%20b.jpg",
                    }
                ],
            }
        ],
        "next_cursor": None,
    }


async def test_a_model_without_calibration_has_no_near_duplicates(world):
    world.embedding.embedder.near_duplicate = 1.5
    try:
        await world.add("b", "k", CAT)
        async with world.client() as client:
            reply = (await client.post("/v1/search", **file(DOG))).json()
    finally:
        world.embedding.embedder.near_duplicate = 0.8
    assert reply["thresholds"] == {"near_duplicate": None}
    assert [hit["match"] for hit in reply["hits"]] == ["similar"]


async def test_a_known_image_is_searched_for_without_embedding(world, client):
    image_id = await world.add("b", "k", CAT)
    before = world.embedding.embedded
    assert ids(await client.get("/v1/search", params={"image_id": image_id})) == [image_id]
    assert world.embedding.embedded == before


@pytest.mark.parametrize("prefix", ["", "k", "elsewhere/"])
@pytest.mark.parametrize("selective", [True, False])
async def test_known_bytes_are_told_whatever_the_filter_and_the_page(
    world, client, prefix, selective
):
    world.catalog.selective = selective
    await world.add("b", "k", CAT)
    for number in range(3):
        await world.add("b", f"other-{number}", b"PICTURE %d" % number)
    cursor = None
    for _ in range(2):
        fields = {"limit": 1, "prefix": prefix} | ({"cursor": cursor} if cursor else {})
        reply = (await client.post("/v1/search", **file(CAT, **fields))).json()
        assert reply["query"]["known"] is True
        cursor = reply["next_cursor"]


async def test_bytes_known_only_to_the_catalog_are_no_hit_of_a_filter_they_do_not_pass(
    world, client
):
    await world.add("b", "k", CAT)
    await world.add("b", "other", DOG)
    for selective in (True, False):
        world.catalog.selective = selective
        found = ids(await client.post("/v1/search", **file(CAT, prefix="other")))
        assert found == [world.catalog.rows[ObjectRef("b", "other")].image_id]


async def test_unknown_bytes_are_decoded_and_embedded_ahead_of_ingest_and_only_once(world, client):
    await world.add("b", "k", CAT)
    before = world.decoder.decoded
    for _ in range(2):
        reply = (await client.post("/v1/search", **file(DOG))).json()
        assert reply["query"]["known"] is False
    assert world.decoder.decoded == before + 1
    assert world.embedding.urgent[-1] is True


async def test_the_same_bytes_asked_side_by_side_are_embedded_once(world, client):
    world.decoder.hold = asyncio.Event()
    asked = [asyncio.create_task(client.post("/v1/search", **file(DOG))) for _ in range(5)]
    await world.decoder.begun.acquire()
    other = asyncio.create_task(client.post("/v1/search", **file(CAT)))
    await world.decoder.begun.acquire()
    world.decoder.hold.set()
    answers = await asyncio.gather(*asked, other)
    assert [answer.status_code for answer in answers] == [200] * 6
    assert (world.decoder.decoded, world.embedding.embedded) == (2, 2)
    assert world.embedding.lone <= 1  # the first had another beside it


async def test_a_picture_beside_which_there_is_no_other_is_embedded_alone(world, client):
    await client.post("/v1/search", **file(DOG))
    await client.post("/v1/search", **file(CAT, views="flip"))
    assert (world.embedding.lone, world.embedding.embedded) == (1, 3)


async def test_who_waits_for_anothers_embedding_makes_it_when_that_one_gives_up(world, client):
    world.decoder.hold = asyncio.Event()
    first, second = (asyncio.create_task(client.post("/v1/search", **file(DOG))) for _ in range(2))
    await world.decoder.begun.acquire()
    first.cancel()
    await world.decoder.begun.acquire()
    world.decoder.hold.set()
    assert (await second).status_code == 200
    assert world.decoder.decoded == 1


async def test_every_way_to_name_a_picture_finds_the_same(world, client):
    image_id = await world.add("b", "a/k +%2F.jpg", CAT)
    await world.add("b", "other", DOG)
    text = base64.b64encode(CAT).decode()
    found = [
        await client.post("/v1/search", **file(CAT)),
        await client.post("/v1/search", json={"base64": text}),
        await client.post("/v1/search", json={"base64": "data:image/jpeg;base64," + text}),
        await client.post("/v1/search", json={"image_id": image_id}),
        await client.post("/v1/search", json={"object": {"bucket": "b", "key": "a/k +%2F.jpg"}}),
        await client.get("/v1/search", params={"image_id": image_id}),
        await client.get("/v1/search", params={"bucket": "b", "key": "a/k +%2F.jpg"}),
    ]
    assert [ids(one)[0] for one in found] == [image_id] * len(found)
    assert all(one.json()["hits"] == found[0].json()["hits"] for one in found)


async def test_exact_bytes_come_first_even_when_the_index_does_not_return_them(world, client):
    image_id = await world.add("b", "k", CAT)
    await world.add("b", "other", DOG)
    world.index.nearest = lambda queries, *_: [[] for _ in queries]
    assert ids(await client.post("/v1/search", **file(CAT))) == [image_id]


async def test_an_image_whose_vector_was_lost_is_embedded_anew(world, client):
    image_id = await world.add("b", "k", CAT)
    world.index.vectors.clear()
    reply = (await client.get("/v1/search", params={"image_id": image_id})).json()
    assert reply["query"]["known"] is True
    assert [hit["match"] for hit in reply["hits"]] == ["exact"]


async def test_an_image_that_no_object_holds_any_more_is_not_known_and_not_found(world, client):
    image_id = await world.add("b", "k", CAT)
    world.catalog.rows.clear()
    reply = (await client.post("/v1/search", **file(CAT))).json()
    assert reply["query"]["known"] is False
    assert reply["hits"] == []
    assert (await client.get("/v1/search", params={"image_id": image_id})).status_code == 404


async def test_a_box_is_cut_out_before_embedding_and_nothing_is_exact(world, client):
    image_id = await world.add("b", "k", CAT)
    whole = await client.post("/v1/search", **file(CAT))
    part = await client.post("/v1/search", **file(CAT, box="0,0,0.5,0.5"))
    named = await client.post("/v1/search", json={"image_id": image_id, "box": "0,0,0.5,0.5"})
    assert whole.json()["hits"][0]["match"] == "exact"
    assert part.json()["hits"][0]["match"] == "similar"
    assert part.json()["query"]["known"] is True
    assert named.json()["hits"] == part.json()["hits"]


async def test_an_object_that_was_rejected_is_told_with_its_reason(world, client):
    await world.add("b", "k", CAT)
    ref = ObjectRef("b", "k")
    was = world.catalog.rows[ref]
    world.catalog.rows[ref] = StoredObject(
        was.stat, "rejected", was.recorded_at, reason="too_many_pixels", detail="it is a bomb"
    )
    response = await client.get("/v1/search", params={"bucket": "b", "key": "k"})
    assert response.status_code == 413
    assert response.json()["reason"] == "too_many_pixels"


@pytest.fixture
def hundred(world):
    """A hundred images ever less like the first axis; every third ties with the one before."""
    for n in range(100):
        cosine = 0.9 - 0.01 * (n - (n % 3 == 2))
        world.add_vector(f"bucket{n % 2}", f"{n:03}", b"PICTURE %d" % n, towards(cosine, n))
    world.add_vector("query", "q", CAT, towards(1.0, 0))
    return world


async def pages(client, **parameters) -> list[dict]:
    found, cursor = [], None
    for _ in range(200):
        sent = {**parameters, "cursor": cursor} if cursor else parameters
        reply = (await client.post("/v1/search", **file(CAT, **sent))).json()
        assert len(reply["hits"]) <= parameters["limit"]
        found += reply["hits"]
        cursor = reply["next_cursor"]
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


@pytest.mark.usefixtures("hundred")
@pytest.mark.parametrize("limit", [1, 7, 50])
@pytest.mark.parametrize("filtered", [{}, {"bucket": "bucket1"}, {"prefix": "0"}])
async def test_pages_put_together_are_the_one_long_reply(client, limit, filtered):
    whole = await pages(client, limit=1000, **filtered)
    assert await pages(client, limit=limit, **filtered) == whole
    order = [(-hit["similarity"], hit["image_id"]) for hit in whole]
    assert order == sorted(order)
    assert len({hit["image_id"] for hit in whole}) == len(whole)


async def test_a_search_reads_the_catalog_once_for_its_hits(world, client):
    for seed in range(20):
        world.add_vector("b", f"{seed}", b"PICTURE %d" % seed, towards(0.5, seed))
    before = world.catalog.finds
    assert len(ids(await client.post("/v1/search", **file(CAT, limit=10)))) == 10
    assert world.catalog.finds == before + 1


async def test_removed_objects_are_made_up_for_by_a_deeper_look(hundred, client):
    for ref in [ref for ref in hundred.catalog.rows if ref.key < "090"]:
        del hundred.catalog.rows[ref]
    query = hundred.catalog.rows[ObjectRef("query", "q")].image_id
    response = await client.get("/v1/search", params={"image_id": query, "limit": 10})
    keys = [hit["objects"][0]["key"] for hit in response.json()["hits"]]
    assert keys[0] == "q"
    assert sorted(keys[1:]) == [f"{n:03}" for n in range(90, 99)]
    assert len(hundred.index.asked) > 1


async def test_a_filter_that_few_pass_is_searched_among_those(hundred, client):
    response = await client.post("/v1/search", **file(CAT, limit=3, prefix="099"))
    assert [hit["objects"][0]["key"] for hit in response.json()["hits"]] == ["099"]
    assert len(hundred.index.asked) == 1


@pytest.mark.parametrize("selective", [True, False])
async def test_of_an_image_only_the_objects_that_pass_the_filter_are_shown(
    world, client, selective
):
    world.catalog.selective = selective
    for bucket, key in (("a", "x"), ("b", "x"), ("b", "y")):
        await world.add(bucket, key, CAT)
    await world.add("a", "dog", DOG)
    (hit,) = (await client.post("/v1/search", **file(CAT, bucket="b"))).json()["hits"]
    assert [(o["bucket"], o["key"]) for o in hit["objects"]] == [("b", "x"), ("b", "y")]
    (hit,) = (await client.post("/v1/search", **file(CAT, prefix="d"))).json()["hits"]
    assert [o["key"] for o in hit["objects"]] == ["dog"]


async def test_a_late_page_asks_the_index_only_once(hundred, client):
    late = (await client.post("/v1/search", **file(CAT, limit=60))).json()["next_cursor"]
    hundred.index.asked.clear()
    reply = (await client.post("/v1/search", **file(CAT, limit=5, cursor=late))).json()
    assert len(reply["hits"]) == 5
    assert len(hundred.index.asked) == 1


async def test_several_buckets_count_together(hundred, client):
    query = next(s.image_id for s in hundred.catalog.rows.values() if s.stat.ref.key == "q")
    parameters = {"image_id": query, "bucket": ["query", "bucket1"], "limit": 1000}
    hits = (await client.get("/v1/search", params=parameters)).json()["hits"]
    assert {hit["objects"][0]["bucket"] for hit in hits} == {"query", "bucket1"}
    assert len(hits) == 51


@pytest.mark.usefixtures("hundred")
async def test_hits_below_the_least_similarity_are_left_out(client):
    hits = await pages(client, limit=20, min_similarity=0.9)
    assert min(hit["similarity"] for hit in hits) >= 0.9
    assert len(hits) == sum(s["similarity"] >= 0.9 for s in await pages(client, limit=1000))


async def test_the_look_alikes_of_an_image_leave_itself_out(hundred, client):
    query = next(s.image_id for s in hundred.catalog.rows.values() if s.stat.ref.key == "q")
    hits = (await client.get(f"/v1/images/{query}/similar", params={"limit": 5})).json()["hits"]
    found = (await client.get("/v1/search", params={"image_id": query, "limit": 6})).json()["hits"]
    assert hits == found[1:]


async def test_searches_are_counted_by_status_and_timed_by_stage(client):
    def count(status: str) -> float:
        return REGISTRY.get_sample_value("seenit_searches_total", {"status": status}) or 0

    before = count("200"), count("415")
    await client.post("/v1/search", **file(CAT))
    await client.post("/v1/search", **file(b"text"))
    assert (count("200"), count("415")) == (before[0] + 1, before[1] + 1)
    text = (await client.get("/metrics")).text
    for stage in ("decode", "embed", "index", "catalog", "total"):
        assert f'seenit_search_seconds_count{{stage="{stage}"}}' in text


async def test_a_search_that_is_refused_at_the_door_is_counted_and_other_calls_are_not(world):
    def counts() -> list[float]:
        statuses = ("200", "401", "429")
        name = "seenit_searches_total"
        return [REGISTRY.get_sample_value(name, {"status": status}) or 0 for status in statuses]

    before = counts()
    settings = {"rate_limit": "1/day", "api_tokens": "first"}
    async with world.client(settings=settings) as client:
        for token in ("wrong", "first", "first"):
            bearer = {"Authorization": f"Bearer {token}"}
            await client.post("/v1/search", **file(CAT), headers=bearer)
            await client.get("/v1/stats", headers=bearer)
    assert [now - then for now, then in zip(counts(), before, strict=True)] == [1, 1, 1]
    assert REGISTRY.get_sample_value("seenit_in_flight", {"unit": "searches"}) == 0
