"""Only judged addresses are connected to, whatever a name says the next time."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from httpcore import AsyncConnectionPool, AsyncMockBackend, AsyncNetworkBackend, ConnectError

from search_api.fetching.download import FAILED, Download
from search_api.fetching.picture_urls import PictureUrl
from search_api.fetching.pinning import PinnedNetwork, Resolver
from search_api.problems import Problem

GOOD, OTHER, BAD = "93.184.215.14", "2606:4700:4700::1111", "127.0.0.1"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nPICTURE"
AGAIN = b"HTTP/1.1 302 Found\r\nLocation: /again\r\nConnection: close\r\n\r\n"


class Names:
    """Answers each question for a name with the next of its answers."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int):
        self.asked.append((host, port))
        return [ip_address(address) for address in self.answers.pop(0)]


class Net(AsyncNetworkBackend):
    """Notes where it was sent; each connection says the next of its answers."""

    def __init__(self, *answers: bytes, dead: Sequence[str] = ()) -> None:
        self.answers = list(answers)
        self.dead = dead
        self.sent_to: list[tuple[str, int]] = []

    async def connect_tcp(self, host, port, *_, **__):
        self.sent_to.append((host, port))
        if host in self.dead:
            raise ConnectError(host)
        return await AsyncMockBackend([self.answers.pop(0)]).connect_tcp(host, port)


async def fetch(names: Names, net: Net, url: str = "http://pictures.example/a.jpg") -> bytes:
    network = PinnedNetwork(resolve=names, network=net)
    return await Download(network, 1000).fetch(PictureUrl.parse(url))


async def refused(names: Names, net: Net) -> str:
    with pytest.raises(Problem) as problem:
        await fetch(names, net)
    assert problem.value.status == 502
    return problem.value.detail


async def test_the_address_that_was_judged_is_the_one_connected_to():
    names, net = Names([GOOD]), Net(OK)
    assert await fetch(names, net) == b"PICTURE"
    assert names.asked == [("pictures.example", 80)]
    assert net.sent_to == [(GOOD, 80)]


async def test_a_name_that_turns_inward_after_it_was_judged_gains_nothing():
    names, net = Names([GOOD], [BAD]), Net(OK)
    assert await fetch(names, net) == b"PICTURE"
    assert names.answers == [[BAD]]  # never asked a second time
    assert net.sent_to == [(GOOD, 80)]


async def test_a_name_that_turns_inward_between_two_hops_is_refused_at_the_second():
    names, net = Names([GOOD], [BAD]), Net(AGAIN, OK)
    assert await refused(names, net) == FAILED
    assert net.sent_to == [(GOOD, 80)]


@pytest.mark.parametrize("addresses", [[BAD], [GOOD, BAD], [BAD, GOOD], [OTHER, "::1"], []])
async def test_one_bad_address_among_a_names_refuses_them_all(addresses):
    net = Net(OK)
    assert await refused(Names(addresses), net) == FAILED
    assert net.sent_to == []


async def test_the_next_address_is_tried_where_the_first_does_not_answer():
    net = Net(OK, dead=[OTHER])
    assert await fetch(Names([OTHER, GOOD]), net) == b"PICTURE"
    assert net.sent_to == [(OTHER, 80), (GOOD, 80)]


async def test_addresses_that_do_not_answer_are_refused_in_the_words_of_those_that_may_not():
    closed = await refused(Names([GOOD, OTHER]), Net(dead=[GOOD, OTHER]))
    assert closed == await refused(Names([BAD]), Net())


async def test_a_port_that_is_no_port_of_the_web_is_never_connected_to():
    net = Net(OK)
    with pytest.raises(Problem):
        await fetch(Names([GOOD]), net, "http://pictures.example:22/a.jpg")
    assert net.sent_to == []


@pytest.mark.parametrize(
    ("host", "meant"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.0.0.0x1", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("::1", "::1"),
        ("::ffff:127.0.0.1", "::ffff:127.0.0.1"),
        ("localhost", None),
    ],
)
async def test_a_host_is_judged_as_the_system_reads_it_however_it_is_written(host, meant):
    found = await Resolver()(host, 80)
    assert meant is None or found == [ip_address(meant)]
    network = PinnedNetwork(network=Net(OK))
    with pytest.raises(ConnectError):
        await network.connect_tcp(host, 80)


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a..b", "", "x" * 300, "a b", "\x00"])
async def test_a_host_without_an_address_cannot_be_connected_to(host):
    with pytest.raises(ConnectError):
        await PinnedNetwork(judge=lambda *_: True, network=Net()).connect_tcp(host, 80)


async def test_a_socket_file_is_never_connected_to():
    async with AsyncConnectionPool(uds="/run/docker.sock", network_backend=PinnedNetwork()) as pool:
        with pytest.raises(ConnectError):
            await pool.request("GET", "http://pictures.example/")
