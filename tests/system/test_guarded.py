"""A real process with every guard on."""

import httpx

from tests.system.running import PATIENCE_S, verb

GUARDS = {"api_tokens": "first-token, second-token", "url_search": "on", "rate_limit": "5/hour"}
FIRST = {"Authorization": "Bearer first-token"}


def test_a_guarded_seenit_answers_who_has_a_token_and_leads_nobody_inward(
    up, folder, pictures, tmp_path
):
    picture = pictures.one()
    (folder / "a.jpg").write_bytes(picture)
    running = up(**GUARDS)
    running.ready()
    with httpx.Client(base_url=running.address(), timeout=PATIENCE_S) as client:
        for path, status in (("/", 200), ("/readyz", 200), ("/v1/stats", 401), ("/metrics", 401)):
            assert client.get(path).status_code == status, path
        assert client.get("/v1/stats", headers=FIRST).json()["images"] == 1

        assert client.post("/v1/session", headers=FIRST).status_code == 204
        found = client.post("/v1/search", files={"image": picture}).json()["hits"][0]
        assert found["match"] == "exact"
        assert client.get(found["thumbnail"]).headers["content-type"] == "image/webp"
        assert client.get(found["objects"][0]["url"]).content == picture
        client.cookies.clear()

        refused = [
            client.post("/v1/search", json={"url": url}, headers=FIRST)
            for url in (running.address(), "http://localhost/", "http://no-such-name.invalid/")
        ]
        assert [answer.status_code for answer in refused] == [502] * 3
        assert len({answer.content for answer in refused}) == 1
        late = client.post("/v1/search", files={"image": picture}, headers=FIRST)
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) >= 1

    (tmp_path / "a.jpg").write_bytes(picture)
    told = verb(
        "search", "a.jpg", "--api", running.address(), cwd=tmp_path, api_tokens="second-token"
    )
    assert "pictures/a.jpg" in told.stdout
    denied = verb("search", "a.jpg", "--api", running.address(), cwd=tmp_path, exit_code=1)
    assert "Unauthorized" in denied.stderr
