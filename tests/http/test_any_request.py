"""Whatever is sent, the answer is one that was promised."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from urllib.parse import quote_from_bytes, urlencode

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.http.conftest import World

PROMISED = {200, 400, 404, 405, 413, 415, 422}
CALLS = (
    "search",
    "objects",
    "objects/b/",
    "content/b/",
    "images/",
    "images/" + "0" * 64 + "/similar",
)
NAMES = ("limit", "cursor", "min_similarity", "bucket", "prefix", "box", "state", "size", "key")
VALUES = st.one_of(
    st.text(max_size=8).filter(lambda text: text.isprintable()),
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(["NaN", "1,2,3,4", "0,0,1,1", "\x00", "true", "[]"]),
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANY_JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3), max_leaves=5)
SENT = st.dictionaries(
    st.sampled_from([*NAMES, "image", "url", "base64", "image_id", "object", "other"]),
    ANY_JSON | st.fixed_dictionaries({"bucket": ANY_JSON, "key": ANY_JSON}),
    max_size=4,
)


WORLD = World()
asyncio.run(WORLD.add("b", "k", b"PICTURE"))
CLIENT = WORLD.client()


def answered(ask: Callable[[], Coroutine[object, object, httpx.Response]]) -> None:
    response = asyncio.run(ask())
    assert response.status_code in PROMISED, response.text
    if response.status_code != 200:
        assert response.json()["status"] == response.status_code


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(CALLS),
    st.binary(max_size=6),
    st.lists(st.tuples(st.sampled_from([*NAMES, "image_id", "url"]), VALUES), max_size=3),
)
def test_any_path_and_query_is_answered_as_promised(call, end, query):
    path = f"/v1/{call}{quote_from_bytes(end, safe='') if call.endswith('/') else ''}"
    answered(lambda: CLIENT.get(f"{path}?{urlencode(query, errors='surrogatepass')}"))


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["search", "objects"]), st.binary(max_size=12))
def test_any_bytes_in_a_query_string_are_answered_as_promised(call, value):
    for name in NAMES:
        query = f"{name}={quote_from_bytes(value, safe='')}"
        answered(lambda query=query: CLIENT.get(f"/v1/{call}?bucket=b&{query}"))


@settings(max_examples=150, deadline=None)
@given(SENT)
def test_any_json_object_is_answered_as_promised(sent):
    body = json.dumps(sent).encode()  # unlike httpx, json writes NaN
    headers = {"Content-Type": "application/json"}
    answered(lambda: CLIENT.post("/v1/search", content=body, headers=headers))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(["", "\r\n", "--XX", "--XX--\r\n"]))
def test_any_bytes_as_a_form_or_as_json_are_answered_as_promised(body, end):
    start = b'--XX\r\nContent-Disposition: form-data; name="'
    for kind in ("multipart/form-data; boundary=XX", "application/json", "text/plain", ""):
        for content in (body, start + body + end.encode()):
            answered(
                lambda kind=kind, content=content: CLIENT.post(
                    "/v1/search", content=content, headers={"Content-Type": kind} if kind else {}
                )
            )
