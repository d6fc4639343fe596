"""Alive, ready, measured, described."""

import re

import pytest

from search_api.app import create_app
from search_api.calls import CALLS
from search_api.security import SECURITY_HEADERS
from shared.errors import TransientError
from shared.settings import Settings


async def test_it_is_alive_and_ready_when_all_parts_answer(client):
    assert (await client.get("/livez")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}


@pytest.mark.parametrize("part", ["catalog", "index", "store"])
async def test_readiness_names_the_part_that_is_missing_and_life_goes_on(world, client, part):
    getattr(world, part).broken = TransientError(part, "down")
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["missing"] == [part]
    assert (await client.get("/livez")).status_code == 200


@pytest.mark.parametrize("part", ["catalog", "index", "store"])
async def test_who_asks_without_the_parts_is_told_that_this_process_takes_searches(
    world, client, part
):
    getattr(world, part).broken = TransientError(part, "down")
    response = await client.get("/readyz?parts=none")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})
    assert (await client.get("/readyz?parts=all")).status_code == 503
    assert (await client.get("/readyz?parts=")).status_code == 503
    refused = await client.get("/readyz?parts=some")
    assert (refused.status_code, "parts" in refused.json()["detail"]) == (422, True)


async def test_while_the_store_is_down_a_picture_that_is_sent_is_searched_for(world, client):
    image_id = await world.add("images", "cat.jpg", b"PICTURE of a cat")
    world.store.broken = TransientError("store", "down")
    reply = await client.post("/v1/search", files={"image": b"PICTURE of a cat"})
    assert [hit["image_id"] for hit in reply.json()["hits"]] == [image_id]


async def test_every_path_of_the_api_is_described_and_every_described_path_is_there(world, client):
    app = create_app(world.parts(), Settings(_env_file=None))
    served = {
        (method, re.sub(r":\w+}", "}", route.path))
        for route in app.routes
        if getattr(route, "methods", None)
        for method in route.methods - {"HEAD"}
    }
    own = {("GET", path) for path in ("/", "/library", "/docs", "/docs.css", "/openapi.json")}
    assert {(call.method, call.path) for call in CALLS} == served - own
    described = (await client.get("/openapi.json")).json()
    assert described["openapi"] == "3.1.0"
    assert {
        (method.upper(), path) for path, item in described["paths"].items() for method in item
    } == {(call.method, call.path) for call in CALLS}


async def test_the_document_says_what_the_api_checks(client):
    described = (await client.get("/openapi.json")).json()
    post = described["paths"]["/v1/search"]["post"]
    limit = next(p for p in post["parameters"] if p["name"] == "limit")["schema"]
    assert (limit["minimum"], limit["maximum"], limit["default"]) == (1, 1000, 10)
    body = post["requestBody"]["content"]
    assert "image" in body["multipart/form-data"]["schema"]["properties"]
    assert {"base64", "image_id", "object", "url"} <= body["application/json"]["schema"][
        "properties"
    ].keys()
    names = set(
        re.findall(r'"#/components/schemas/(\w+)"', (await client.get("/openapi.json")).text)
    )
    assert names <= described["components"]["schemas"].keys()
    assert {"SearchReply", "Hit", "ProblemReply"} <= names


@pytest.mark.parametrize("path", ["/", "/library", "/docs"])
async def test_a_page_asks_for_nothing_from_outside_and_runs_nothing_inline(client, path):
    response = await client.get(path)
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["content-security-policy"].startswith("default-src 'self'")
    assert not re.findall(r'(?:src|<link[^>]*href)="(?:https?:)?//', response.text)
    assert not re.findall(r"<style|<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=", response.text)
    for asset in re.findall(r'(?:src|<link[^>]*href)="(/[^"]+)"', response.text):
        assert (await client.get(asset)).status_code == 200, asset


@pytest.mark.parametrize("path", ["/", "/library", "/static/main.js"])
async def test_a_page_that_the_browser_still_has_is_not_sent_again(client, path):
    first = await client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await client.get(path, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_every_answer_carries_the_security_headers_and_none_opens_it_to_others(client):
    for path in ("/", "/docs", "/v1/stats", "/livez", "/metrics", "/nope", "/static/nope"):
        headers = (await client.get(path, headers={"Origin": "http://evil.example"})).headers
        assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
        assert "access-control-allow-origin" not in headers
