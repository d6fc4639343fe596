"""Which objects count: filters of searches and of lists, and the cursors that are bound to them."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.digests import image_digest
from shared.records import ImageFacts, ObjectRef, ObjectStat, ObjectState, StoredObject
from tests.http.conftest import WHEN, World

PICTURES = {
    "small.gif": ("GIF", 100, 80, "SKU-1", 0),
    "wide.jpg": ("JPEG", 2000, 500, "sku-1", 1),
    "tall.jpg": ("JPEG", 500, 2000, None, 2),
}
"""By key: format, width, height, user key, days behind `WHEN`."""


@pytest.fixture
def world() -> World:
    world = World()
    for key, (kind, width, height, user_key, days) in PICTURES.items():
        data = b"PICTURE " + key.encode()
        stat = ObjectStat(
            ObjectRef("b", key), len(data), "etag", WHEN + timedelta(days=days), user_key
        )
        image_id = world.add_vector("b", key, data, FIRST)
        world.catalog.add(
            StoredObject(stat, ObjectState.INDEXED, WHEN, image_id=image_id),
            ImageFacts(image_id, width, height, kind, len(data)),
        )
    return world


FIRST = np.eye(1, 512, dtype=np.float32)[0]
QUERY = image_digest(b"PICTURE small.gif")


@pytest.mark.parametrize("selective", [True, False])
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"format": "jpeg"}, {"wide.jpg", "tall.jpg"}),
        ({"format": ["GIF", "png"]}, {"small.gif"}),
        ({"min_width": 2000}, {"wide.jpg"}),
        ({"min_height": 81, "max_height": 500}, {"wide.jpg"}),
        ({"max_width": 500}, {"small.gif", "tall.jpg"}),
        ({"modified_after": "2026-01-02T00:00:00Z"}, {"wide.jpg", "tall.jpg"}),
        ({"modified_before": "2026-01-02T01:00:00+01:00"}, {"small.gif"}),
        ({"user_key": "SKU-1"}, {"small.gif"}),
        ({"user_key": ["SKU-1", "sku-1"]}, {"small.gif", "wide.jpg"}),
        ({"format": "GIF", "user_key": "sku-1"}, set()),
    ],
)
async def test_every_input_and_look_alikes_are_filtered(
    world, client, filters, expected, selective
):
    world.catalog.selective = selective
    replies = [
        await client.get("/v1/search", params={"image_id": QUERY, **filters}),
        await client.post("/v1/search", json={"image_id": QUERY, **filters}),
        await client.post("/v1/search", files={"image": b"PICTURE small.gif"}, data=filters),
        await client.get(f"/v1/images/{QUERY}/similar", params=filters),
    ]
    found = [
        {held["key"] for hit in reply.json()["hits"] for held in hit["objects"]}
        for reply in replies
    ]
    assert found == [expected, expected, expected, expected - {"small.gif"}]


@pytest.mark.parametrize(
    "filters",
    [
        {"format": "PSD"},
        {"format": ["JPEG", "nonsense"]},
        {"min_width": 0},
        {"max_height": -1},
        {"min_width": "wide"},
        {"min_width": 2**31},
        {"min_width": 501, "max_width": 500},
        {"min_height": 2, "max_height": 1},
        {"modified_after": "yesterday"},
        {"modified_after": "2026-01-31"},
        {"modified_after": "2026-01-31T12:00:00"},
        {"modified_before": "2026-02-30T12:00:00Z"},
        {"modified_before": "20260131T120000Z"},
        {"modified_before": "1767225600"},
        {"modified_before": "0001-01-01T00:00:00+23:59"},
        {"modified_after": "2026-01-02T00:00:00Z", "modified_before": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
async def test_a_filter_that_makes_no_sense_is_a_422_that_names_it(client, filters):
    for reply in (
        await client.get("/v1/search", params={"image_id": QUERY, **filters}),
        await client.post("/v1/search", json={"image_id": QUERY, **filters}),
    ):
        assert reply.status_code == 422, reply.text
        assert any(name in reply.json()["detail"] for name in filters)


@pytest.mark.parametrize("name", ["prefix", "bucket", "user_key"])
async def test_half_a_surrogate_pair_is_a_422(client, name):
    body = f'{{"image_id": "{QUERY}", "{name}": "\\ud800"}}'
    reply = await client.post(
        "/v1/search", content=body, headers={"content-type": "application/json"}
    )
    assert reply.status_code == 422


@given(word=st.text(min_size=1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
async def test_a_cursor_from_nowhere_is_a_422(client, word):
    for path in (f"/v1/images/{QUERY}/similar", "/v1/objects"):
        reply = await client.get(path, params={"cursor": word})
        assert reply.status_code == 422, reply.text
        assert "cursor" in reply.json()["detail"]


async def test_a_cursor_of_another_picture_is_a_422(client):
    page = {"image_id": QUERY, "limit": 1}
    cursor = (await client.get("/v1/search", params=page)).json()["next_cursor"]
    same = await client.get("/v1/search", params=page | {"cursor": cursor, "limit": 2})
    assert same.status_code == 200
    others = [
        page | {"image_id": image_digest(b"PICTURE wide.jpg")},
        page | {"format": "JPEG"},
        page | {"min_similarity": 0.2},
    ]
    for other in others:
        reply = await client.get("/v1/search", params=other | {"cursor": cursor})
        assert (reply.status_code, "cursor" in reply.text) == (422, True)
    reply = await client.get(f"/v1/images/{QUERY}/similar", params={"cursor": cursor})
    assert reply.status_code == 422


async def test_a_cursor_of_another_list_is_a_422(client):
    page = {"bucket": "b", "limit": 1}
    cursor = (await client.get("/v1/objects", params=page)).json()["next_cursor"]
    rest = await client.get("/v1/objects", params={"bucket": "b", "cursor": cursor})
    assert [held["key"] for held in rest.json()["objects"]] == ["tall.jpg", "wide.jpg"]
    for other in ({}, {"bucket": "c"}, page | {"state": "indexed"}, page | {"prefix": "t"}):
        reply = await client.get("/v1/objects", params={**other, "cursor": cursor})
        assert (reply.status_code, "cursor" in reply.text) == (422, True)
