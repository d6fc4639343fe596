"""Search by URL against real servers on this machine, which a judge of the test's own lets in."""

import asyncio
import gzip
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

import httpx
import pytest

from search_api.app import create_app
from search_api.fetching.download import FAILED
from search_api.fetching.pinning import PinnedNetwork
from search_api.limits import Limits
from shared.settings import Settings
from tests.http.test_status_codes import is_problem
from tests.http.test_wire import POST, connected, served

PICTURE = b"PICTURE of a cat"
LOOPBACK = ip_address("127.0.0.1")


def ok(body: bytes = PICTURE, *headers: str, length: int | None = None) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


def to(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


class Site:
    """A server that answers each path as it was told, and notes what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes | Callable] = {}
        self.heads: list[bytes] = []
        self.left = asyncio.Event()
        self.reached = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.heads.append(head)
                self.reached.set()
                page = self.pages[head.split()[1].decode()]
                if callable(page):
                    await page(writer)
                    break
                writer.write(page)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.left.set()
            writer.close()

    def at(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    port = 0


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    server = await asyncio.start_server(site.answer, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    yield site
    server.close()


def only_this_machine(address, _) -> bool:
    return address == LOOPBACK


@asynccontextmanager
async def seenit(world, network=None, **limits) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(_env_file=None, max_bytes=4096, url_search="on")
    network = network or PinnedNetwork(judge=only_this_machine)
    app = create_app(world.parts(), settings, Limits(**limits), network)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
async def client(world):
    async with seenit(world) as client:
        yield client


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_picture_at_a_url_is_looked_for(world, client, site, method):
    image_id = await world.add("b", "k", PICTURE)
    site.pages["/a.jpg?size=1&b=%20"] = ok()
    url = site.at("/a.jpg?size=1&b=%20#top")
    sent = {"params": {"url": url}} if method == "GET" else {"json": {"url": url}}
    reply = await client.request(method, "/v1/search", **sent)
    assert reply.status_code == 200
    assert reply.json()["query"]["image_id"] == image_id
    assert reply.json()["hits"][0]["match"] == "exact"


async def test_that_urls_are_searched_is_told_beforehand(client):
    assert (await client.get("/v1/stats")).json()["url_search"] is True


async def test_a_url_in_a_form_is_looked_for(client, site):
    site.pages["/"] = ok()
    form = {"url": (None, site.at("/")), "limit": (None, "3")}
    assert (await client.post("/v1/search", files=form)).status_code == 200


async def test_nothing_of_this_machine_or_of_whoever_asks_goes_with_the_request(
    client, site, monkeypatch
):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    site.pages["/"] = to(site.at("/b")).replace(b"Location", b"Set-Cookie: a=b\r\nLocation")
    site.pages["/b"] = ok()
    headers = {"Cookie": "secret=1", "Referer": "http://inside/", "X-Forwarded-For": "10.0.0.1"}
    reply = await client.get("/v1/search", params={"url": site.at("/")}, headers=headers)
    assert reply.status_code == 200
    assert len(site.heads) == 2
    for head in site.heads:
        names = {line.split(b":")[0].lower() for line in head.split(b"\r\n")[1:-2]}
        assert names == {b"host", b"accept", b"accept-encoding", b"user-agent"}
        assert f"Host: 127.0.0.1:{site.port}\r\n".encode() in head


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream", "image/svg+xml"])
async def test_what_the_bytes_are_counts_and_not_what_they_are_called(client, site, kind):
    site.pages["/"] = ok(PICTURE, f"Content-Type: {kind}")
    assert (await client.get("/v1/search", params={"url": site.at("/")})).status_code == 200


async def test_a_chunked_picture_is_read_to_its_end(client, site):
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (PICTURE[:5], PICTURE[5:]))
    site.pages["/"] = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    )
    assert (await client.get("/v1/search", params={"url": site.at("/")})).status_code == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_up_to_three_redirects_are_followed(client, site, status):
    site.pages |= {"/1": to("/2", status), "/2": to("3", status), "/3": to(site.at("/4"), status)}
    site.pages["/4"] = ok()
    assert (await client.get("/v1/search", params={"url": site.at("/1")})).status_code == 200
    site.pages["/0"] = to("/1", status)
    refused = await client.get("/v1/search", params={"url": site.at("/0")})
    assert is_problem(refused, 502)
    assert refused.json()["detail"] == FAILED


async def slowly(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await asyncio.sleep(0.01)


async def with_slow_headers(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X: y\r\n")
        await asyncio.sleep(0.01)


async def endlessly(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 1000)
        await writer.drain()


BROKEN = {
    "a body that breaks off": (ok(PICTURE, length=100) + b"", "cut"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "keep"),
    "nothing": (b"", "cut"),
    "a bad length": (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "keep"),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "keep"),
    "a bad chunk": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "keep"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000, "keep"),
    "a gzip bomb": (ok(gzip.compress(bytes(10**6)), "Content-Encoding: gzip"), "keep"),
    "brotli": (ok(PICTURE, "Content-Encoding: br"), "keep"),
    "two encodings": (ok(PICTURE, "Content-Encoding: identity", "Content-Encoding: gzip"), "keep"),
    "a redirect to nowhere": (b"HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n", "keep"),
    "a redirect to a file": (to("file:///etc/passwd"), "keep"),
    "a redirect to gopher": (to("gopher://127.0.0.1:6379/_INFO"), "keep"),
    "a redirect with a user": (to("http://user:pw@127.0.0.1/"), "keep"),
    "a redirect to no URL": (to("http://[::1"), "keep"),
    "a redirect inward": (to("http://127.0.0.2/"), "keep"),
    "a redirect to metadata": (to("http://169.254.169.254/latest/meta-data/"), "keep"),
    "a redirect to an unknown name": (to("http://no-such-name.invalid/"), "keep"),
}


@pytest.mark.parametrize(("page", "then"), BROKEN.values(), ids=BROKEN.keys())
async def test_an_answer_that_is_no_good_is_a_502_in_one_and_the_same_words(
    client, site, page, then
):
    async def cut(writer):
        writer.write(page)

    site.pages["/"] = cut if then == "cut" else page
    refused = await client.post("/v1/search", json={"url": site.at("/")})
    assert is_problem(refused, 502)
    assert refused.json()["detail"] == FAILED


@pytest.mark.parametrize("status", [204, 206, 304, 404, 403, 500])
async def test_a_page_that_is_not_there_is_a_502_that_says_what_it_answered(client, site, status):
    site.pages["/"] = f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()
    refused = await client.post("/v1/search", json={"url": site.at("/")})
    assert is_problem(refused, 502)
    assert str(status) in refused.json()["detail"]


@pytest.mark.parametrize("page", [slowly, with_slow_headers, b""])
async def test_a_page_that_is_too_slow_is_a_504(world, site, page):
    site.pages["/"] = page
    async with seenit(world, fetch_s=0.2) as client:
        assert is_problem(await client.post("/v1/search", json={"url": site.at("/")}), 504)
    await site.left.wait()


async def test_redirects_do_not_make_the_time_longer(world, site):
    async def late(writer):
        await asyncio.sleep(0.15)
        writer.write(to("/"))

    site.pages["/"] = late
    async with seenit(world, fetch_s=0.2) as client:
        assert is_problem(await client.post("/v1/search", json={"url": site.at("/")}), 504)


@pytest.mark.parametrize("page", [ok(bytes(4097)), ok(b"", length=10**12), endlessly])
async def test_a_page_with_too_many_bytes_is_a_413(client, site, page):
    site.pages["/"] = page
    refused = await client.post("/v1/search", json={"url": site.at("/")})
    assert is_problem(refused, 413)
    assert refused.json()["reason"] == "too_many_bytes"
    await site.left.wait()


@pytest.mark.parametrize("page", [b"<html>", b"", b"<svg/>"])
async def test_a_page_that_is_no_picture_is_a_415(client, site, page):
    site.pages["/"] = ok(page, "Content-Type: image/jpeg")
    assert is_problem(await client.post("/v1/search", json={"url": site.at("/")}), 415)


NOT_FETCHED = [
    "cat.jpg",
    "//example.org/a.jpg",
    "http://",
    "http:///a.jpg",
    "file:///etc/passwd",
    "FILE:///etc/passwd",
    "ftp://example.org/a.jpg",
    "gopher://example.org/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "http://user@example.org/",
    "http://user:s3cret@example.org/",
    "http://:s3cret@example.org/",
    "http://example.org@127.0.0.1/",
    "http://127.0.0.1%2f@example.org/",
    "http://[::1/",
    "http://exa\nmple.org/",
    "http://0177.0.0.1/",
    "http://①②⑦.⓪.⓪.①/",
    "http://" + "x" * 9000,
]


@pytest.mark.parametrize("url", NOT_FETCHED)
async def test_what_is_no_http_url_is_a_400(client, url):
    refused = await client.post("/v1/search", json={"url": url})
    assert is_problem(refused, 400)
    assert refused.json()["detail"].startswith("url: ")
    assert "s3cret" not in refused.text


BLOCKED = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8000/",
    "http://localhost/",
    "http://localhost.localdomain/",
    "http://0.0.0.0/",
    "http://0/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://017700000001/",
    "http://127.1/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[fe80::1]/",
    "http://[fd00:ec2::254]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://10.0.0.1/",
    "http://192.168.1.1/",
    "http://172.16.0.1/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "https://127.0.0.1/",
    "http://127.0.0.1:99999/",
    "http://no-such-name.invalid/",
    "http://1.1.1.1:22/",
]


@pytest.mark.parametrize("url", BLOCKED)
async def test_an_address_that_is_not_the_open_nets_is_refused_and_nothing_is_told_of_it(
    world, url
):
    settings = Settings(_env_file=None, url_search="on")
    transport = httpx.ASGITransport(create_app(world.parts(), settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        refused = await client.get("/v1/search", params={"url": url})
    assert is_problem(refused, 502)
    assert refused.json()["detail"] == FAILED


@pytest.mark.parametrize("page", [None, ok()], ids=["nothing there", "a picture there"])
async def test_what_is_inside_cannot_be_told_from_what_is_not(world, site, page):
    if page:
        site.pages["/"] = page
    settings = Settings(_env_file=None, url_search="on")
    transport = httpx.ASGITransport(create_app(world.parts(), settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        inside = await client.get("/v1/search", params={"url": site.at("/")})
        nowhere = await client.get("/v1/search", params={"url": "http://no-such-name.invalid/"})
    assert (inside.status_code, inside.content) == (nowhere.status_code, nowhere.content)
    assert site.heads == []


async def test_off_by_default_nothing_is_fetched(world, site):
    site.pages["/"] = ok()
    async with world.client() as client:
        for request in (
            client.get("/v1/search", params={"url": site.at("/")}),
            client.post("/v1/search", json={"url": "no URL"}),
        ):
            refused = await request
            assert is_problem(refused, 400)
            assert refused.json()["detail"] == "url: search by URL is off"
    assert site.heads == []


async def test_a_url_beside_another_input_is_a_400_and_nothing_is_fetched(client, site):
    sent = {"url": site.at("/"), "image_id": "0" * 64}
    assert is_problem(await client.post("/v1/search", json=sent), 400)
    assert is_problem(await client.post("/v1/search", json={"url": [site.at("/")]}), 400)
    assert is_problem(await client.post("/v1/search", json={"url": site.at("/"), "limit": 0}), 422)
    assert site.heads == []


async def test_more_urls_at_once_than_may_wait_are_a_429_and_their_places_come_free(world, site):
    go = asyncio.Event()

    async def held(writer):
        await go.wait()
        writer.write(ok())

    site.pages["/"] = held
    async with seenit(world, fetches=1, fetches_waiting=1) as client:
        tasks = [
            asyncio.create_task(client.post("/v1/search", json={"url": site.at("/")}))
            for _ in range(3)
        ]
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        (refused,) = [task.result() for task in done]
        assert is_problem(refused, 429)
        assert refused.headers["retry-after"] == "1"
        go.set()
        assert [(await task).status_code for task in waiting] == [200, 200]
        assert (await client.post("/v1/search", json={"url": site.at("/")})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_fetch_ends_when_whoever_asked_has_left(world, site, method):
    site.pages["/"] = slowly
    network = PinnedNetwork(judge=only_this_machine)
    async with served(world, network, {"url_search": "on"}) as address:
        async with connected(address) as (_, writer):
            if method == "GET":
                writer.write(
                    f"GET /v1/search?url={site.at('/')} HTTP/1.1\r\n".encode()
                    + b"Host: localhost\r\n\r\n"
                )
            else:
                body = f'{{"url": "{site.at("/")}"}}'.encode()
                writer.write(POST + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await site.reached.wait()
            assert not site.left.is_set()
        await site.left.wait()


async def test_tls_asks_for_the_host_by_its_name_and_believes_no_stranger(world):
    asked: list[str] = []
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.sni_callback = lambda _, name, __: asked.append(name)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    names = {"pictures.example": [LOOPBACK]}

    async def resolve(host, _):
        return names[host]

    network = PinnedNetwork(judge=only_this_machine, resolve=resolve)
    async with seenit(world, network) as client:
        url = f"https://pictures.example:{port}/a.jpg"
        refused = await client.post("/v1/search", json={"url": url})
    server.close()
    assert is_problem(refused, 502)
    assert refused.json()["detail"] == FAILED
    assert asked == ["pictures.example"]
