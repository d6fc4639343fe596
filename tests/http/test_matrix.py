"""Each input of a search with each of its parameters, good ones and bad ones."""

import base64
import json
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import httpx
import pytest

from search_api.parameters import SearchParameters
from tests.http.test_url_search import ok, seenit, site

__all__ = ["site"]  # a fixture

PICTURE = b"PICTURE of a cat"
TEXT = base64.b64encode(PICTURE).decode()
Given = Mapping[str, object]
Sends = Callable[[httpx.AsyncClient, "Known", Given], object]


class Known:
    """Names of the one picture there is."""

    def __init__(self, image_id: str, url: str) -> None:
        self.image_id = image_id
        self.url = url


def _query(*given: Given) -> str:
    return urlencode([pair for some in given for pair in some.items()], doseq=True)


def _linked(input_of: Callable[[Known], Given]) -> Sends:
    return lambda client, known, given: client.get(f"/v1/search?{_query(input_of(known), given)}")


def _json(input_of: Callable[[Known], Given]) -> Sends:
    return lambda client, known, given: client.post(
        "/v1/search",
        content=json.dumps({**input_of(known), **given}),
        headers={"Content-Type": "application/json"},
    )


def _form(client: httpx.AsyncClient, _: Known, given: Given) -> object:
    return client.post("/v1/search", files={"image": ("a.jpg", PICTURE)}, data=dict(given))


def _form_and_query(client: httpx.AsyncClient, _: Known, given: Given) -> object:
    return client.post(f"/v1/search?{_query(given)}", files={"image": ("a.jpg", PICTURE)})


INPUTS: dict[str, Sends] = {
    "a file": _form,
    "a file, parameters in the query": _form_and_query,
    "base64": _json(lambda _: {"base64": TEXT}),
    "a data URI": _json(lambda _: {"base64": f"data:image/jpeg;base64,{TEXT}"}),
    "image_id": _json(lambda known: {"image_id": known.image_id}),
    "object": _json(lambda _: {"object": {"bucket": "b", "key": "k"}}),
    "url": _json(lambda known: {"url": known.url}),
    "image_id, as a link": _linked(lambda known: {"image_id": known.image_id}),
    "object, as a link": _linked(lambda _: {"bucket": "b", "key": "k"}),
    "url, as a link": _linked(lambda known: {"url": known.url}),
}

GOOD_AND_BAD: dict[str, tuple[list[object], list[object]]] = {
    "limit": (["1", "1000"], ["0", "-1", "NaN", "1000000000", "ten"]),
    "cursor": ([], ["x", "AAAA"]),
    "min_similarity": (["0", "0.5", "1"], ["-0.1", "1.1", "NaN", "most"]),
    "bucket": (["b", ["b", "c"]], []),
    "prefix": (["k", "ü/"], []),
    "user_key": (["sku-1"], []),
    "modified_after": (["2026-01-01T00:00:00Z"], ["yesterday", "2026-13-01T00:00:00Z"]),
    "modified_before": (["2026-01-01T00:00:00+02:00"], ["later"]),
    "format": (["JPEG", "png", ["JPEG", "WEBP"]], ["SVG"]),
    "min_width": (["1"], ["-1", "wide"]),
    "min_height": (["1"], ["-1", "1.5"]),
    "max_width": (["100"], ["-1", "wide"]),
    "max_height": (["100"], ["-1", "1e9"]),
    "box": (["0,0,1,1", "0.25,0.25,0.5,0.5"], ["0,0,2,2", "0,0,0,0", "1,2,3", "NaN,0,1,1"]),
    "preview": (["16", "1024"], ["0", "15", "1025", "large"]),
    "views": (["auto", "flip,rotate", ["auto", "flip"]], ["upside-down"]),
}


def test_every_parameter_of_a_search_is_in_the_table():
    assert GOOD_AND_BAD.keys() == set(SearchParameters.names())


@pytest.fixture
async def asked(world, site):
    site.pages["/cat.jpg"] = ok(PICTURE)
    known = Known(await world.add("b", "k", PICTURE), site.at("/cat.jpg"))
    async with seenit(world) as client:

        async def asked(name: str, given: Given) -> int:
            return (await INPUTS[name](client, known, given)).status_code

        yield asked


@pytest.mark.parametrize("name", INPUTS)
async def test_each_input_takes_each_parameter_and_refuses_what_is_out_of_range(asked, name):
    for parameter, (good, bad) in GOOD_AND_BAD.items():
        statuses = {str(value): await asked(name, {parameter: value}) for value in good}
        assert set(statuses.values()) <= {200}, (parameter, statuses)
        statuses = {str(value): await asked(name, {parameter: value}) for value in bad}
        assert set(statuses.values()) <= {422}, (parameter, statuses)


@pytest.mark.parametrize("name", INPUTS)
async def test_each_input_alone_is_answered_and_two_are_refused(asked, name):
    assert await asked(name, {}) == 200
    second = "url" if "image_id" in name else "image_id"
    assert await asked(name, {second: "0" * 64}) == 400
