"""What only a real server on a real socket can show."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from search_api.app import create_app
from search_api.limits import Limits
from shared.connections import Patience
from shared.errors import ConfigurationError
from shared.serving import listen, server_for
from shared.settings import Settings

POST = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

UPGRADE = (
    b"GET /livez HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
)


@asynccontextmanager
async def served(
    world, network=None, settings=None, patience=None, **limits: float
) -> AsyncIterator[tuple[str, int]]:
    configured = Settings(_env_file=None, **{"max_bytes": 4096, **(settings or {})})
    app = create_app(world.parts(), configured, Limits(**limits), network)
    with listen("127.0.0.1", 0) as listener:
        server = server_for(app, configured.trusted_proxies, patience)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()
        server.should_exit = True
        await serving


@asynccontextmanager
async def connected(address) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(*address)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):  # the server hung up first
            await writer.wait_closed()


async def answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:-2])
    await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers


async def test_a_slow_upload_is_a_408_and_the_end_of_its_connection(world):
    async with served(world, upload_s=0.1) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Content-Length: 20\r\n\r\n{")
        status, headers = await answer(reader)
        assert (status, headers["content-type"]) == (408, "application/problem+json")
        assert await reader.read() == b""


async def test_a_dripping_upload_is_a_408_however_steadily_it_drips(world):
    async with served(world, upload_s=0.3) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        answered = asyncio.create_task(answer(reader))
        while not answered.done():
            writer.write(b"1\r\n \r\n")
            await asyncio.wait([answered], timeout=0.02)
        assert (await answered)[0] == 408


async def test_too_large_a_body_is_a_413_before_a_byte_of_it_was_sent(world):
    async with served(world) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Content-Length: 10000000000\r\n\r\n")
        assert (await answer(reader))[0] == 413


async def test_too_large_a_chunked_body_is_a_413_before_its_end(world):
    async with served(world) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(40):
            writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await writer.drain()
        assert (await answer(reader))[0] == 413


async def test_a_refused_body_does_not_spoil_the_next_request_of_its_connection(world):
    async with served(world) as address, connected(address) as (reader, writer):
        writer.write(POST + b"Content-Length: 200000\r\n\r\n")
        assert (await answer(reader))[0] == 413
        writer.write(b"x" * 200_000 + b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await answer(reader))[0] == 200


async def test_a_client_that_leaves_in_the_middle_harms_no_one(world, caplog):
    async with served(world) as address:
        async with connected(address) as (_, writer):
            writer.write(POST + b"Content-Length: 200\r\n\r\n{")
            await writer.drain()
        async with connected(address) as (reader, writer):
            writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await answer(reader))[0] == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_a_connection_that_says_nothing_is_closed(world):
    async with (
        served(world, patience=Patience(head_s=0.05)) as address,
        connected(address) as (reader, _),
    ):
        assert await reader.read() == b""


@pytest.mark.parametrize("before", [b"", b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"])
async def test_a_dripping_head_is_a_408_however_steadily_it_drips(world, before):
    async with (
        served(world, patience=Patience(head_s=1.0)) as address,  # the first one is there by then
        connected(address) as (reader, writer),
    ):
        if before:
            writer.write(before)
            assert (await answer(reader))[0] == 200
        writer.write(b"GET /livez HTTP/1.1\r\n")
        answered = asyncio.create_task(answer(reader))
        while not answered.done():
            writer.write(b"X: y\r\n")
            await asyncio.wait([answered], timeout=0.02)
        status, headers = await answered
        assert (status, headers["content-type"]) == (408, "application/problem+json")
        assert headers["connection"] == "close"


@pytest.mark.parametrize("endless", [b"x" * 4096, b"X: y\r\n" * 600])
async def test_a_head_without_end_is_a_431_before_it_fills_the_memory(world, endless):
    async with (
        served(world, patience=Patience(head_bytes=10_000)) as address,
        connected(address) as (reader, writer),
    ):
        writer.write(b"GET /livez HTTP/1.1\r\nX: ")
        answered = asyncio.create_task(answer(reader))
        while not answered.done():
            writer.write(endless)
            await asyncio.wait([answered], timeout=0.005)
        assert (await answered)[0] == 431


@pytest.mark.parametrize(
    "asked",
    [
        b"\x16\x03\x01\r\n\r\n",
        b"FOO /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\nno length\r\n",
    ],
    ids=["no HTTP", "no method", "no length", "no chunk"],
)
async def test_what_is_no_http_is_a_problem_like_any_other(world, asked):
    async with served(world) as address, connected(address) as (reader, writer):
        writer.write(asked)
        status, headers = await answer(reader)
        assert (status, headers["content-type"]) == (400, "application/problem+json")
        assert headers["x-content-type-options"] == "nosniff"
        assert "retry-after" not in headers
        assert await reader.read() == b""


@pytest.mark.parametrize("asked", [b"no HTTP\r\n\r\n", UPGRADE], ids=["no HTTP", "a web socket"])
async def test_what_a_client_should_not_ask_writes_nothing_into_the_log(world, caplog, asked):
    async with served(world) as address, connected(address) as (reader, writer):
        writer.write(asked)
        await answer(reader)
    assert caplog.records == []


async def test_an_answer_under_way_is_not_followed_by_another_nobody_asked_for(world):
    async with served(world) as address, connected(address) as (reader, writer):
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\nno HTTP\r\n\r\n")
        assert b" 400 " not in await reader.read()


async def test_a_head_that_is_late_counts_only_until_it_is_there(world):
    patience, limits = Patience(head_s=0.05), {"upload_s": 0.3}
    async with (
        served(world, patience=patience, **limits) as address,
        connected(address) as (reader, writer),
    ):
        writer.write(POST + b"Content-Length: 2\r\n\r\n{")
        assert (await answer(reader))[0] == 408
        assert await reader.read() == b""


@pytest.mark.parametrize("more", [b"", b"x", b"x" * 100_000])
async def test_a_body_that_goes_on_when_it_was_answered_ends_with_its_connection(world, more):
    async with (
        served(world, patience=Patience(body_s=0.2)) as address,
        connected(address) as (reader, writer),
    ):
        writer.write(POST + b"Content-Length: 10000000000\r\n\r\n")
        assert (await answer(reader))[0] == 413
        writer.write(more)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""


async def test_more_connections_than_there_is_room_for_are_told_to_come_back(world):
    async with (
        served(world, patience=Patience(connections=1)) as address,
        connected(address) as (reader, writer),
    ):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await answer(reader))[0] == 200
        async with connected(address) as (second, _):
            status, headers = await answer(second)
            assert (status, headers["retry-after"]) == (503, "1")
            assert await second.read() == b""
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await answer(reader))[0] == 200


async def _write_for_ever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_a_client_that_takes_nothing_of_its_answer_is_given_up(world):
    large = 64 * 2**20
    await world.add("b", "k", b"PICTURE" + bytes(large))
    settings, patience = {"max_bytes": 2 * large}, Patience(stall_s=0.2)
    async with (
        served(world, settings=settings, patience=patience) as address,
        connected(address) as (reader, writer),
    ):
        writer.write(b"GET /v1/content/b/k HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        with pytest.raises(ConnectionError):
            await _write_for_ever(writer)


async def test_a_client_that_takes_all_of_its_answer_gets_all_of_it(world):
    picture = b"PICTURE" + bytes(8 * 2**20)
    await world.add("b", "k", picture)
    settings, patience = {"max_bytes": 2**25}, Patience(stall_s=5)
    async with (
        served(world, settings=settings, patience=patience) as address,
        connected(address) as (reader, writer),
    ):
        writer.write(b"GET /v1/content/b/k HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(len(picture)) == picture


async def test_a_key_with_escapes_keeps_every_byte_on_the_wire(world):
    await world.add("b", "a%2Fb/c d\n", b"PICTURE")
    async with served(world) as address, connected(address) as (reader, writer):
        for path, status in (
            (b"a%252Fb/c%20d%0A", 200),
            (b"a%252Fb%2Fc%20d%0A", 200),
            (b"a%2Fb/c%20d%0A", 404),
            (b"a%252Fb/c%20d", 404),
        ):
            writer.write(b"GET /v1/objects/b/" + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await answer(reader))[0] == status, path


async def test_a_reply_does_not_name_the_server(world):
    async with served(world) as address, connected(address) as (reader, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert "server" not in (await answer(reader))[1]


def test_an_address_in_use_is_refused_by_the_settings_name():
    with listen("127.0.0.1", 0) as listener:
        with pytest.raises(ConfigurationError) as refused:
            listen(*listener.getsockname())
        assert refused.value.option == "SEENIT_PORT"


@pytest.mark.parametrize("host", ["no such host.invalid", "x" * 100, "192.0.2.1"])
def test_an_address_of_no_one_is_refused_by_the_settings_name(host):
    with pytest.raises(ConfigurationError) as refused:
        listen(host, 0)
    assert refused.value.option == "SEENIT_HOST"


PROXIED = (
    b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"X-Forwarded-For: %b\r\nContent-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize(
    ("trusted", "statuses"), [("", [400, 429, 429]), ("127.0.0.0/8", [400, 400, 429])]
)
async def test_a_forwarded_address_counts_only_from_a_trusted_proxy(world, trusted, statuses):
    settings = {"rate_limit": "1/day", "trusted_proxies": trusted}
    async with (
        served(world, settings=settings) as address,
        connected(address) as (reader, writer),
    ):
        for client, status in zip(
            (b"192.0.2.1", b"192.0.2.2", b"192.0.2.1"), statuses, strict=True
        ):
            writer.write(PROXIED % client)
            assert (await answer(reader))[0] == status
