"""An image's facts and its thumbnail."""

import pytest

from search_api.values import THUMBNAIL_SIZES
from shared.errors import TransientError
from shared.records import ObjectRef

CAT = b"PICTURE of a cat"


async def test_an_image_names_all_its_objects(world, client):
    image_id = await world.add("b", "one", CAT)
    await world.add("a", "two", CAT)
    reply = (await client.get(f"/v1/images/{image_id}")).json()
    assert [(o["bucket"], o["key"]) for o in reply["objects"]] == [("a", "two"), ("b", "one")]
    assert (reply["width"], reply["format"], reply["bytes"]) == (640, "JPEG", len(CAT))


async def test_an_image_id_may_be_written_in_capitals(world, client):
    image_id = await world.add("b", "one", CAT)
    for path in ("/v1/images/{}", "/v1/images/{}/similar", "/v1/search?image_id={}"):
        small, capital = [await client.get(path.format(x)) for x in (image_id, image_id.upper())]
        assert small.status_code == capital.status_code == 200
        assert image_id in capital.text
        assert image_id.upper() not in capital.text


async def test_an_image_that_no_object_holds_any_more_is_a_404(world, client):
    image_id = await world.add("b", "one", CAT)
    world.catalog.rows.clear()
    for path in ("", "/thumbnail", "/similar"):
        assert (await client.get(f"/v1/images/{image_id}{path}")).status_code == 404


async def test_a_thumbnail_is_made_of_the_original_once_and_kept(world, client):
    image_id = await world.add("b", "one", CAT)
    first = await client.get(f"/v1/images/{image_id}/thumbnail?size=64")
    assert first.headers["content-type"] == "image/webp"
    assert first.content == b"RIFF64" + CAT
    world.store.broken = TransientError("store", "gone for lunch")
    assert (await client.get(f"/v1/images/{image_id}/thumbnail?size=64")).content == first.content
    assert (await client.get(f"/v1/images/{image_id}/thumbnail?size=127")).content == first.content
    assert (await client.get(f"/v1/images/{image_id}/thumbnail?size=128")).status_code == 503


async def test_a_thumbnail_is_made_in_few_sizes_none_larger_than_was_asked(world, client):
    image_id = await world.add("b", "one", CAT)
    made = set()
    edges = {edge + by for edge in THUMBNAIL_SIZES for by in (-1, 0, 1)} - {15, 1025}
    for size in sorted(edges | {*range(16, 1025, 21)}):
        response = await client.get(f"/v1/images/{image_id}/thumbnail?size={size}")
        made.add(int(response.content.removeprefix(b"RIFF").removesuffix(CAT)))
        assert max(made) <= size
    assert len(made) <= 10


async def test_a_thumbnail_that_the_client_still_has_is_not_sent_again(world, client):
    image_id = await world.add("b", "one", CAT)
    path = f"/v1/images/{image_id}/thumbnail"
    first = await client.get(path)
    assert "immutable" in first.headers["cache-control"]
    assert "private" in first.headers["cache-control"]
    again = await client.get(path, headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    whichever = await client.get(path, headers={"If-None-Match": "*"})
    assert (whichever.status_code, whichever.content) == (304, b"")
    other = await client.get(path + "?size=32", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


async def test_a_thumbnail_is_never_made_of_other_bytes(world, client):
    image_id = await world.add("b", "one", CAT)
    world.store.data[ObjectRef("b", "one")] = b"PICTURE of something else"
    assert (await client.get(f"/v1/images/{image_id}/thumbnail")).status_code == 404
    await world.add("c", "two", CAT)
    assert (await client.get(f"/v1/images/{image_id}/thumbnail")).content.endswith(CAT)


@pytest.mark.parametrize(("size", "status"), [(16, 200), (1024, 200), (15, 422), (1025, 422)])
async def test_a_thumbnail_has_16_to_1024_pixels(world, client, size, status):
    image_id = await world.add("b", "one", CAT)
    response = await client.get(f"/v1/images/{image_id}/thumbnail", params={"size": size})
    assert response.status_code == status
