"""Every input and the status it gets; every refusal is problem+json."""

import asyncio
import base64
import json

import pytest

from search_api.security import SECURITY_HEADERS
from shared.errors import TransientError

PICTURE = b"PICTURE of a cat"
UNKNOWN = "0" * 64
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=XX"}


def is_problem(response, status: int) -> bool:
    body = response.json()
    assert response.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= body.keys()
    assert body["status"] == response.status_code
    return response.status_code == status


def is_guarded(response) -> bool:
    return all(response.headers[name] == value for name, value in SECURITY_HEADERS.items())


def file(data: bytes, name: str = "image") -> dict:
    return {"files": {name: ("a.jpg", data, "image/jpeg")}}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


POSTS = {
    "no body": ({}, 400),
    "an empty JSON body": ({"headers": JSON}, 400),
    "an empty form": ({"content": b"--XX--\r\n", "headers": FORM}, 400),
    "a form that ends early": ({"content": b"--XX\r\n", "headers": FORM}, 400),
    "another file field": (file(PICTURE, "file"), 400),
    "two files": ({"files": [("image", ("a", PICTURE)), ("image", ("b", PICTURE))]}, 400),
    "a file and an image_id": ({**file(PICTURE), "data": {"image_id": UNKNOWN}}, 400),
    "no JSON": ({"content": b"{", "headers": JSON}, 400),
    "JSON that is no object": ({"json": ["image_id"]}, 400),
    "a JSON name twice": ({"content": b'{"url": "a", "url": "b"}', "headers": JSON}, 400),
    "deep JSON": ({"content": b"[" * 3000, "headers": JSON}, 400),
    "two inputs": ({"json": {"image_id": UNKNOWN, "base64": encoded(PICTURE)}}, 400),
    "bad base64": ({"json": {"base64": "???"}}, 400),
    "no Content-Type": ({"content": PICTURE}, 400),
    "an unknown image": ({"json": {"image_id": UNKNOWN}}, 404),
    "an unknown object": ({"json": {"object": {"bucket": "b", "key": "k"}}}, 404),
    "a file too large": (file(b"PICTURE" * 20_000), 413),
    "a file a little too large": (file(b"PICTURE" * 600), 413),
    "base64 too large": ({"json": {"base64": encoded(b"PICTURE" * 600)}}, 413),
    "text as a picture": (file(b"just text"), 415),
    "an empty file": (file(b""), 415),
    "an empty base64": ({"json": {"base64": ""}}, 415),
    "another kind of body": ({"content": b"a=1", "headers": {"Content-Type": "text/plain"}}, 415),
    "search by URL": ({"json": {"url": "http://169.254.169.254/"}}, 400),
    "limit 0": ({**file(PICTURE), "data": {"limit": "0"}}, 422),
    "limit -1": ({**file(PICTURE), "data": {"limit": "-1"}}, 422),
    "limit NaN": ({**file(PICTURE), "data": {"limit": "NaN"}}, 422),
    "JSON's NaN": (
        {"content": b'{"base64": "AAAA", "min_similarity": NaN}', "headers": JSON},
        422,
    ),
    "limit 10^9": ({**file(PICTURE), "params": {"limit": "1000000000"}}, 422),
    "min_similarity 2": ({"json": {"base64": encoded(PICTURE), "min_similarity": 2}}, 422),
    "a bad box": ({**file(PICTURE), "data": {"box": "0,0,2,2"}}, 422),
    "a bad cursor": ({**file(PICTURE), "data": {"cursor": "xyz"}}, 422),
    "an unknown parameter": ({**file(PICTURE), "data": {"limits": "3"}}, 422),
}


@pytest.mark.parametrize(("request_", "status"), POSTS.values(), ids=POSTS.keys())
async def test_a_bad_search_is_refused_with_its_status(client, request_, status):
    response = await client.post("/v1/search", **request_)
    assert is_problem(response, status), response.text
    assert is_guarded(response)


CALLS = {
    "an unknown path": ("GET", "/nope", 404),
    "an unknown path, posted": ("POST", "/v1/nope", 404),
    "a slash too many": ("GET", "/v1/stats/", 404),
    "an unknown static file": ("GET", "/static/nope.js", 404),
    "a way out of the static files": ("GET", "/static/..%2Fapp.py", 404),
    "DELETE a search": ("DELETE", "/v1/search", 405),
    "POST stats": ("POST", "/v1/stats", 405),
    "PUT an object": ("PUT", "/v1/objects/b/k", 405),
    "a search for nothing": ("GET", "/v1/search", 400),
    "a search for a key without bucket": ("GET", "/v1/search?key=k", 400),
    "a search for too many fields": ("GET", f"/v1/search?image_id={UNKNOWN}" + "&a=1" * 200, 400),
    "a search for an unknown image": ("GET", f"/v1/search?image_id={UNKNOWN}", 404),
    "a search for an unknown object": ("GET", "/v1/search?bucket=b&key=k", 404),
    "a search for a URL": ("GET", "/v1/search?url=file:///etc/passwd", 400),
    "an unknown image": ("GET", f"/v1/images/{UNKNOWN}", 404),
    "a name no image has": ("GET", "/v1/images/%00", 404),
    "an unknown image's thumbnail": ("GET", f"/v1/images/{UNKNOWN}/thumbnail", 404),
    "a thumbnail too small": ("GET", f"/v1/images/{UNKNOWN}/thumbnail?size=15", 422),
    "a thumbnail too large": ("GET", f"/v1/images/{UNKNOWN}/thumbnail?size=1025", 422),
    "an unknown image's look-alikes": ("GET", f"/v1/images/{UNKNOWN}/similar", 404),
    "look-alikes out of range": ("GET", f"/v1/images/{UNKNOWN}/similar?limit=0", 422),
    "an unknown object": ("GET", "/v1/objects/b/k", 404),
    "an unknown object's picture": ("GET", "/v1/content/b/k", 404),
    "a list too long": ("GET", "/v1/objects?limit=1001", 422),
    "a list of no state": ("GET", "/v1/objects?state=lost", 422),
    "a list behind no cursor": ("GET", "/v1/objects?cursor=x", 422),
}


@pytest.mark.parametrize(("method", "path", "status"), CALLS.values(), ids=CALLS.keys())
async def test_a_bad_call_is_refused_with_its_status(client, method, path, status):
    response = await client.request(method, path)
    assert is_problem(response, status), response.text
    assert is_guarded(response)


async def test_a_wrong_method_is_told_the_right_ones(client):
    response = await client.put("/v1/search")
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize("part", ["catalog", "index"])
async def test_a_part_that_is_down_is_a_503_that_says_when_to_come_back(world, client, part):
    getattr(world, part).broken = TransientError(part, "secret address", retry_after=6.2)
    response = await client.post("/v1/search", **file(PICTURE))
    assert is_problem(response, 503)
    assert response.headers["retry-after"] == "7"
    assert part in response.json()["detail"]
    assert "secret" not in response.text


async def test_a_fault_of_seenits_own_is_a_500_that_shows_nothing(world, client):
    world.index.vectors = None
    response = await client.post("/v1/search", **file(PICTURE))
    assert is_problem(response, 500)
    assert is_guarded(response)
    assert "NoneType" not in response.text


async def test_too_many_searches_at_once_are_a_429_and_the_others_are_answered(world):
    world.decoder.hold = asyncio.Event()
    async with world.client(running=1, waiting=1) as client:
        tasks = [asyncio.create_task(client.post("/v1/search", **file(PICTURE))) for _ in range(3)]
        done, held = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        (refused,) = [task.result() for task in done]
        assert is_problem(refused, 429)
        assert refused.headers["retry-after"] == "1"
        world.decoder.hold.set()
        assert [(await task).status_code for task in held] == [200, 200]
        assert (await client.post("/v1/search", **file(PICTURE))).status_code == 200


async def test_a_search_that_takes_too_long_is_a_503(world):
    world.decoder.hold = asyncio.Event()
    async with world.client(search_s=0.05) as client:
        response = await client.post("/v1/search", **file(PICTURE))
    assert is_problem(response, 503)
    assert "retry-after" in response.headers


async def test_bodies_that_fill_the_memory_set_aside_are_a_503_and_it_comes_free_again(world):
    world.decoder.hold = asyncio.Event()
    async with world.client(bodies=1) as client:
        others = PICTURE, PICTURE + b" and another"
        held = [asyncio.create_task(client.post("/v1/search", **file(one))) for one in others]
        for _ in held:
            await world.decoder.begun.acquire()
        sent = json.dumps({"base64": encoded(PICTURE), "prefix": "x" * 70_900}).encode()
        refused = await client.post("/v1/search", content=sent, headers=JSON)
        assert is_problem(refused, 503)
        world.decoder.hold.set()
        assert [(await one).status_code for one in held] == [200, 200]
        again = await client.post("/v1/search", content=sent, headers=JSON)
        assert again.status_code == 200


async def test_a_body_over_the_cap_is_refused_before_it_is_read_whole(world):
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b"x" * 16_384

    async with world.client() as client:
        response = await client.post("/v1/search", content=endless(), headers=FORM)
    assert is_problem(response, 413)
    assert sent < 10


async def test_a_body_that_says_it_is_too_large_is_not_read_at_all(world):
    async def never():
        pytest.fail("the body was asked for")
        yield b""

    async with world.client() as client:
        headers = {**FORM, "Content-Length": "100000000"}
        response = await client.post("/v1/search", content=never(), headers=headers)
    assert is_problem(response, 413)
