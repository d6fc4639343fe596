"""Which addresses a stranger's URL may lead to."""

from ipaddress import ip_address

import pytest

from search_api.fetching.addresses import is_public, may_be_reached

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "2a00:1450:4001:829::200e",
    "2600::5efe:808:808",
    "64:ff9b::8.8.8.8",
]
REFUSED = {
    "this host": ["0.0.0.0", "0.0.0.1", "0.255.255.255", "::"],
    "loopback": ["127.0.0.1", "127.1.2.3", "127.255.255.255", "::1"],
    "private": ["10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
    "private, IPv6": ["fc00::1", "fd12:3456:789a::1", "fd00:ec2::254", "fd20:ce::254"],
    "link-local and metadata": [
        "169.254.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "fe80::1",
        "fe80::1%lo",
        "febf::1",
    ],
    "carriers and metadata": ["100.64.0.1", "100.100.100.200", "100.127.255.255"],
    "metadata on a public address": ["168.63.129.16", "192.0.0.192"],
    "protocols": ["192.0.0.1", "192.0.0.170", "192.88.99.1", "2001::1", "2001:10::1", "2001:20::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255", "2001:2::1"],
    "multicast": ["224.0.0.1", "239.255.255.250", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "fec0::1", "100::1", "5f00::1"],
    "IPv4 mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"],
    "IPv4 mapped, even of a public one": ["::ffff:8.8.8.8"],
    "IPv4 compatible": ["::127.0.0.1", "::8.8.8.8"],
    "6to4": ["2002:7f00:1::1", "2002:a00:1::1", "2002:808:808::1"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:0:7f00:1::1"],
    "NAT64": ["64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::1"],
    "ISATAP": ["2600::5efe:a00:1", "2600::200:5efe:7f00:1", "fe80::5efe:a00:1"],
    "translated": ["::ffff:0:127.0.0.1"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_reached(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", [pytest.param(a, id=f"{kind} {a}") for kind, many in REFUSED.items() for a in many]
)
def test_any_other_may_not(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_a_port_of_the_web_may_be_reached(port):
    assert may_be_reached(ip_address("1.1.1.1"), port)
    assert not may_be_reached(ip_address("127.0.0.1"), port)


@pytest.mark.parametrize("port", [0, 22, 25, 81, 2375, 3306, 5432, 6379, 6443, 9000, 9200, 65_535])
def test_any_other_port_may_not(port):
    assert not may_be_reached(ip_address("1.1.1.1"), port)
