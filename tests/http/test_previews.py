"""A small picture of the query, for those who cannot show it themselves."""

import base64

from tests.http.test_searches import CAT, DOG, file, ids
from tests.http.test_url_search import ok, seenit, site

__all__ = ["site"]  # a fixture

MADE = "data:image/webp;base64,"


async def test_nobody_pays_for_a_preview_that_was_not_asked_for(client):
    found = await client.post("/v1/search", **file(CAT))
    assert found.json()["query"]["preview"] is None


async def test_of_an_unknown_upload_it_is_encoded_anew_and_in_the_next_smaller_size(client):
    found = await client.post("/v1/search", **file(CAT, preview="700"))
    preview = found.json()["query"]["preview"]
    assert preview.startswith(MADE)
    assert base64.b64decode(preview.removeprefix(MADE)).startswith(b"RIFF512")


async def test_of_a_stored_picture_it_is_the_address_of_its_thumbnail(world, client):
    image_id = await world.add("images", "cat.jpg", CAT)
    expected = f"/v1/images/{image_id}/thumbnail?size=256"
    for answer in (
        await client.post("/v1/search", **file(CAT, preview="256")),
        await client.post("/v1/search", **file(CAT, preview="256", bucket="elsewhere")),
        await client.get(f"/v1/search?image_id={image_id}&preview=256"),
    ):
        assert answer.json()["query"]["preview"] == expected
    assert (await client.get(expected)).headers["content-type"] == "image/webp"


async def test_of_a_web_address_it_comes_from_this_api_and_not_from_there(world, site):
    site.pages["/cat.jpg"] = ok(CAT)
    async with seenit(world) as client:
        found = await client.get(f"/v1/search?url={site.at('/cat.jpg')}&preview=256")
    assert found.json()["query"]["preview"].startswith(MADE)


async def test_the_next_page_needs_no_preview(world, client):
    for number, data in enumerate((CAT, DOG)):
        await world.add("images", f"{number}.jpg", data)
    first = await client.post("/v1/search", **file(CAT, limit="1", preview="256"))
    cursor = first.json()["next_cursor"]
    second = await client.post("/v1/search", **file(CAT, limit="1", cursor=cursor))
    assert len(ids(second)) == 1


async def test_a_picture_that_cannot_be_shown_is_searched_all_the_same(world, client):
    world.decoder.thumbnails = False
    found = await client.post("/v1/search", **file(CAT, preview="256"))
    assert found.status_code == 200
    assert found.json()["query"]["preview"] is None
