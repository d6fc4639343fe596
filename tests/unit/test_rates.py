"""Who counts as one client, and how many are counted."""

import pytest

from search_api.rates import CLIENTS, Rates, client_of


def asked_by(host: str | None, caller: str | None = None) -> dict:
    client = None if host is None else (host, 1234)
    return {"type": "http", "path": "/v1/search", "client": client, "state": {"caller": caller}}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (asked_by("192.0.2.1"), asked_by("192.0.2.1")),
        (asked_by("2001:db8:1:2::3"), asked_by("2001:db8:1:2:ffff::1")),
        (asked_by("192.0.2.1", "token"), asked_by("192.0.2.2", "token")),
        (asked_by("192.0.2.1", "token"), asked_by("2001:db8::1", "token")),
        (asked_by(None), asked_by(None)),
        (asked_by("a proxy's words"), asked_by("a proxy's words")),
    ],
)
def test_these_are_one_client(first, second):
    assert client_of(first) == client_of(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (asked_by("192.0.2.1"), asked_by("192.0.2.2")),
        (asked_by("2001:db8:1:2::3"), asked_by("2001:db8:1:3::3")),
        (asked_by("192.0.2.1", "token"), asked_by("192.0.2.1", "another")),
        (asked_by("192.0.2.1", "token"), asked_by("192.0.2.1")),
    ],
)
def test_these_are_two(first, second):
    assert client_of(first) != client_of(second)


class Statuses:
    """Calls a rated app that answers 200, and returns what it answered."""

    def __init__(self, rate: str) -> None:
        self.app = Rates(self.answer, rate)

    @staticmethod
    async def answer(_, __, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def __call__(self, host: str) -> int:
        sent: list[dict] = []

        async def send(message: dict) -> None:
            sent.append(message)

        async def receive() -> dict:
            raise AssertionError("nobody reads the body")

        await self.app(asked_by(host), receive, send)
        return sent[0]["status"]


async def test_a_client_is_remembered_as_long_as_not_too_many_others_come():
    status = Statuses("1/day")
    assert [await status("192.0.2.1"), await status("192.0.2.1")] == [200, 429]
    for n in range(CLIENTS - 1):
        assert await status(f"10.0.{n // 256}.{n % 256}") == 200
    assert await status("192.0.2.1") == 429
    for n in range(CLIENTS):
        assert await status(f"10.1.{n // 256}.{n % 256}") == 200
    assert await status("192.0.2.1") == 200
