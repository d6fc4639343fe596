"""Tokens, sessions, rates and other sites, as a client meets them."""

import pytest

from search_api.security import SECURITY_HEADERS
from tests.http.test_status_codes import PICTURE, file, is_problem

OPEN = ["/livez", "/readyz", "/", "/library", "/static/main.js", "/docs.css"]
GUARDED = [
    ("GET", "/v1/search?image_id=" + "0" * 64),
    ("POST", "/v1/search"),
    ("GET", "/v1/images/x"),
    ("GET", "/v1/images/x/thumbnail"),
    ("GET", "/v1/images/x/similar"),
    ("GET", "/v1/objects"),
    ("GET", "/v1/objects/b/k"),
    ("GET", "/v1/content/b/k"),
    ("GET", "/v1/buckets"),
    ("GET", "/v1/stats"),
    ("HEAD", "/v1/stats"),
    ("OPTIONS", "/v1/stats"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/nope"),
    ("GET", "/livez/"),
    ("GET", "/%2Flivez"),
    ("GET", "/static"),
    ("GET", "/v1/%2E%2E/static/main.js"),
    ("POST", "/v1/session"),
    ("DELETE", "/v1/session"),
]
WRONG = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer wrong",
    "Bearer FIRST",
    "Bearer first,second",
    "first",
    "Basic Zmlyc3Q6",
    "Basic first",
    "Bearer\tfirst",
]


def bearer(token: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


@pytest.fixture
async def guarded(world):
    async with world.client(settings={"api_tokens": "first, second"}) as client:
        yield client


@pytest.mark.parametrize("path", OPEN)
async def test_the_page_and_the_health_of_it_are_open(guarded, path):
    assert (await guarded.get(path)).status_code == 200


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_all_else_is_a_401_that_asks_for_a_token(guarded, method, path):
    response = await guarded.request(method, path)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="seenit"'
    assert response.headers["content-type"] == "application/problem+json"
    assert all(response.headers[name] == value for name, value in SECURITY_HEADERS.items())


@pytest.mark.parametrize("header", WRONG)
async def test_a_wrong_token_is_a_401_in_the_same_words_as_none(guarded, header):
    refused = await guarded.get("/v1/stats", headers={"Authorization": header})
    assert is_problem(refused, 401)
    assert refused.content == (await guarded.get("/v1/stats")).content


@pytest.mark.parametrize("token", ["first", "second"])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
async def test_every_token_is_let_in(guarded, scheme, token):
    headers = {"Authorization": f"{scheme} {token}"}
    for path in ("/v1/stats", "/metrics", "/openapi.json", "/docs"):
        assert (await guarded.get(path, headers=headers)).status_code == 200
    assert (await guarded.post("/v1/search", headers=headers, **file(PICTURE))).status_code == 200


async def test_a_token_in_the_query_is_none(guarded):
    assert (await guarded.get("/v1/stats?token=first&access_token=first")).status_code == 401


async def test_without_tokens_the_api_is_open_and_a_wrong_one_does_no_harm(client):
    assert (await client.get("/v1/stats", **bearer("any"))).status_code == 200
    signed_in = await client.post("/v1/session")
    assert signed_in.status_code == 204
    assert "set-cookie" not in signed_in.headers


async def test_a_browser_signs_in_and_its_pictures_need_no_header(guarded, world):
    image_id = await world.add("b", "k", PICTURE)
    thumbnail = f"/v1/images/{image_id}/thumbnail"
    assert (await guarded.get(thumbnail)).status_code == 401
    signed_in = await guarded.post("/v1/session", **bearer("second"))
    assert signed_in.status_code == 204
    assert (await guarded.get(thumbnail)).status_code == 200
    assert (await guarded.get("/v1/content/b/k")).content == PICTURE
    assert (await guarded.post("/v1/search", **file(PICTURE))).status_code == 200
    assert (await guarded.delete("/v1/session")).status_code == 204
    assert (await guarded.get(thumbnail)).status_code == 401


async def test_the_sessions_cookie_is_no_scripts_and_no_other_sites(guarded):
    cookie = (await guarded.post("/v1/session", **bearer("first"))).headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=43200"} <= parts
    assert "secure" not in parts
    assert "first" not in cookie
    secure = await guarded.post("https://localhost/v1/session", **bearer("first"))
    assert "; secure" in secure.headers["set-cookie"].lower()


async def test_a_session_makes_no_new_session(guarded):
    await guarded.post("/v1/session", **bearer("first"))
    assert is_problem(await guarded.post("/v1/session"), 401)


async def test_a_wrong_token_is_not_mended_by_a_good_session(guarded):
    await guarded.post("/v1/session", **bearer("first"))
    assert (await guarded.get("/v1/stats")).status_code == 200
    assert (await guarded.get("/v1/stats", **bearer("wrong"))).status_code == 401


async def test_a_forged_session_is_a_401(guarded):
    for cookie in ("", "x", "9999999999.", "9999999999.0", '"', "9999999999." + "0" * 64):
        headers = {"Cookie": f"seenit_session={cookie}"}
        assert (await guarded.get("/v1/stats", headers=headers)).status_code == 401


async def test_a_client_that_calls_too_often_is_a_429_that_says_when_to_come_back(world):
    async with world.client(settings={"rate_limit": "2/hour"}) as client:
        for _ in range(2):
            assert (await client.post("/v1/search", **file(PICTURE))).status_code == 200
        refused = await client.post("/v1/search", **file(PICTURE))
        assert is_problem(refused, 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 3600
        assert all(refused.headers[name] == value for name, value in SECURITY_HEADERS.items())
        for path in OPEN:
            assert (await client.get(path)).status_code == 200


async def test_any_other_call_counts_a_tenth_of_a_search(world):
    async with world.client(settings={"rate_limit": "2/hour"}) as client:
        await client.post("/v1/search", **file(PICTURE))
        statuses = [(await client.get("/v1/stats")).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [429]


async def test_each_token_has_a_rate_of_its_own_and_a_refused_one_costs_nobody(world):
    settings = {"rate_limit": "1/day", "api_tokens": "first,second"}
    async with world.client(settings=settings) as client:
        for _ in range(20):
            assert (await client.get("/v1/stats", **bearer("wrong"))).status_code == 401
        for token in ("first", "second"):
            search = {**file(PICTURE), **bearer(token)}
            assert (await client.post("/v1/search", **search)).status_code == 200
            assert (await client.post("/v1/search", **search)).status_code == 429


async def test_who_claims_to_be_another_is_still_the_same_client(world):
    async with world.client(settings={"rate_limit": "1/day"}) as client:
        statuses = [
            (await client.post("/v1/search", **file(PICTURE), headers=claimed)).status_code
            for claimed in ({}, {"X-Forwarded-For": "192.0.2.7"}, {"Forwarded": "for=192.0.2.7"})
        ]
    assert statuses == [200, 429, 429]


SHOP = {"Origin": "https://shop.example"}


@pytest.fixture
async def shared_with_shop(world):
    settings = {"cors_origins": "https://shop.example", "api_tokens": "first"}
    async with world.client(settings=settings) as client:
        yield client


async def test_a_named_sites_script_may_ask_and_read_with_a_token(shared_with_shop):
    preflight = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    allowed = await shared_with_shop.options("/v1/search", headers={**SHOP, **preflight})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    headers = {**SHOP, "Authorization": "Bearer first"}
    answer = await shared_with_shop.get("/v1/stats", headers=headers)
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "access-control-allow-credentials" not in answer.headers
    refused = await shared_with_shop.get("/v1/stats", headers=SHOP)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"


async def test_any_other_sites_script_may_not(shared_with_shop):
    for origin in ("https://evil.example", "http://shop.example", "null"):
        headers = {"Origin": origin, "Authorization": "Bearer first"}
        answer = await shared_with_shop.get("/v1/stats", headers=headers)
        assert "access-control-allow-origin" not in answer.headers
        asked = {**headers, "Access-Control-Request-Method": "POST"}
        assert (await shared_with_shop.options("/v1/search", headers=asked)).status_code == 400


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:8000",
        "localhost.",
        "a.localhost",
        "127.0.0.1",
        "[::1]:8000",
        "192.0.2.1",
    ],
)
async def test_an_open_api_on_this_machine_answers_to_its_own_names(client, host):
    assert (await client.get("/v1/stats", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "xlocalhost",
        "[",
        "a@b.c",
    ],
)
async def test_it_answers_to_no_name_that_anyone_may_lead_to_it(client, host):
    for path in ("/", "/v1/stats", "/livez"):
        assert is_problem(await client.get(path, headers={"Host": host}), 421)


@pytest.mark.parametrize(
    "settings", [{"api_tokens": "first"}, {"host": "0.0.0.0"}, {"trusted_proxies": "127.0.0.1"}]
)
async def test_whoever_is_guarded_otherwise_may_have_any_name(world, settings):
    async with world.client(settings=settings) as client:
        answer = await client.get("/v1/stats", headers={"Host": "pictures.example"})
        assert answer.status_code == (401 if "api_tokens" in settings else 200)
