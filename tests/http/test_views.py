"""Views of the query: which are looked with, and which of them a hit matched."""

from typing import get_args

import pytest

from shared.images.views import View
from tests.http.test_searches import CAT, DOG, file, ids

SCREENSHOT = b"PICTURE of a page INSIDE of a cat"


@pytest.fixture
async def cat(world) -> str:
    return await world.add("images", "cat.jpg", CAT)


async def test_the_picture_inside_is_found_only_where_it_is_asked_for(client, cat):
    whole = (await client.post("/v1/search", **file(SCREENSHOT))).json()
    auto = (await client.post("/v1/search", **file(SCREENSHOT, views="auto"))).json()
    assert [(hit["match"], hit["view"]) for hit in whole["hits"]] == [("similar", "whole")]
    assert [(hit["match"], hit["view"]) for hit in auto["hits"]] == [("near_duplicate", "inner")]
    assert auto["hits"][0]["image_id"] == cat
    assert not auto["query"]["known"]


async def test_a_hit_says_which_part_of_the_query_it_matched_so_that_it_can_be_asked_about(
    world, client, cat
):
    page = await world.add("images", "page.jpg", SCREENSHOT)
    found = await client.post("/v1/search", **file(SCREENSHOT, views="auto"))
    assert {hit["image_id"]: hit["box"] for hit in found.json()["hits"]} == {
        page: None,
        cat: "0.25,0.5,0.5,0.25",
    }
    part = await client.get("/v1/search", params={"image_id": page, "box": "0.25,0.5,0.5,0.25"})
    assert part.status_code == 200


async def test_the_same_bytes_stay_exact_and_whole_with_all_views(world, client, cat):
    await world.add("images", "page.jpg", SCREENSHOT)
    found = await client.post("/v1/search", **file(SCREENSHOT, views="auto,flip,rotate"))
    hits = found.json()["hits"]
    assert [(hit["match"], hit["view"]) for hit in hits] == [
        ("exact", "whole"),
        ("near_duplicate", "inner"),
    ]
    assert hits[1]["image_id"] == cat


@pytest.mark.parametrize(
    ("views", "embedded"),
    [("whole", 1), ("auto", 2), ("flip", 2), ("rotate", 4), ("flip,rotate", 8)],
)
@pytest.mark.usefixtures("cat")
async def test_all_views_are_embedded_at_once_and_the_index_is_asked_once(
    world, client, views, embedded
):
    before = world.embedding.embedded
    await client.post("/v1/search", **file(SCREENSHOT, views=views))
    assert world.embedding.embedded - before == embedded
    assert len(world.index.asked) == 1


async def test_views_may_be_repeated_or_stand_in_one_word_or_in_a_list(world, client, cat):
    before = world.embedding.embedded
    link = {"image_id": cat, "views": ["flip", "rotate"]}
    for answer in (
        await client.get("/v1/search", params=link),
        await client.get("/v1/search", params=link | {"views": "rotate, flip"}),
        await client.post("/v1/search", json=link),
        await client.get(f"/v1/images/{cat}/similar", params={"views": ["rotate", "flip"]}),
    ):
        assert answer.status_code == 200, answer.text
    assert world.embedding.embedded - before == 8  # the others are the same, and remembered


@pytest.mark.usefixtures("cat")
async def test_other_views_of_the_same_picture_are_not_taken_for_those_remembered(client):
    plain = await client.post("/v1/search", **file(SCREENSHOT))
    auto = await client.post("/v1/search", **file(SCREENSHOT, views="auto"))
    again = await client.post("/v1/search", **file(SCREENSHOT))
    assert [hit["view"] for hit in auto.json()["hits"]] == ["inner"]
    assert again.json()["hits"] == plain.json()["hits"]


@pytest.mark.parametrize("views", ["upside_down", "auto,inner", "AUTO"])
async def test_an_unknown_view_is_refused_by_name(client, views):
    answer = await client.post("/v1/search", **file(CAT, views=views))
    assert answer.status_code == 422
    assert "views" in answer.json()["detail"]


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_pages_of_a_search_with_views_repeat_nothing_and_miss_nothing(world, client, limit):
    for n in range(40):
        await world.add("images", f"{n}.jpg", b"PICTURE %d" % n)
    asked = {"views": "auto,flip,rotate", "limit": limit}
    whole = ids(await client.post("/v1/search", **file(SCREENSHOT, **asked | {"limit": 100})))
    paged, cursor = [], {}
    while cursor is not None:
        answer = await client.post("/v1/search", **file(SCREENSHOT, **asked, **cursor))
        paged += ids(answer)
        following = answer.json()["next_cursor"]
        cursor = {"cursor": following} if following else None
    assert paged == whole
    assert len(paged) == 40


async def test_a_cursor_of_a_search_with_other_views_is_refused(world, client):
    for data in (CAT, DOG):
        await world.add("images", data.decode(), data)
    first = await client.post("/v1/search", **file(SCREENSHOT, limit=1, views="auto"))
    cursor = first.json()["next_cursor"]
    answer = await client.post("/v1/search", **file(SCREENSHOT, limit=1, cursor=cursor))
    assert answer.status_code == 422


async def test_the_least_similarity_counts_for_the_view_most_alike(world, client, cat):
    await world.add("images", "dog.jpg", DOG)
    answer = await client.post(
        "/v1/search", **file(SCREENSHOT, views="auto", min_similarity=0.9, limit=1)
    )
    assert ids(answer) == [cat]
    assert answer.json()["next_cursor"] is None


async def test_the_documents_name_every_view(client):
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
    assert schemas["Hit"]["properties"]["view"]["enum"] == [*get_args(View)]
