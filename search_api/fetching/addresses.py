"""Which addresses a stranger may send this machine to. Pure."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address

Judge = Callable[[Address, int], bool]
"""Tells of an address and a port whether they may be reached."""

PORTS = frozenset({80, 443, 8080, 8443})
"""Where pictures are; with any port, a search would scan other people's machines for its sender."""

GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")
"""Where a network without IPv4 finds it; the address inside is the one to judge."""

REFUSED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carriers' own, and Alibaba's metadata
        "168.63.129.16/32",  # Azure's host, a public address that only its machines reach
        "169.254.0.0/16",
        "192.0.0.0/24",  # protocols' own, and Oracle's metadata
        "192.88.99.0/24",  # 6to4 relays
        "198.18.0.0/15",
        "224.0.0.0/3",
        "2001::/23",  # Teredo and other protocols' own
        "2001:db8::/32",
        "2002::/16",  # 6to4, which may hold any IPv4 address
        "3fff::/20",
    )
)
"""Beside what Python calls not global, which changed from one release to the next."""


def may_be_reached(address: Address, port: int) -> bool:
    """Judge where a stranger's URL leads: a public address, a port of the web."""
    return port in PORTS and is_public(address)


def is_public(address: Address) -> bool:
    """Tell whether an address is anyone's to reach, and not only this machine's or its network's.

    What cannot be told from the address: a public one of this machine's own, and a NAT64 prefix
    of the operator's choice.
    """
    if isinstance(address, IPv6Address):
        if address in NAT64:
            return is_public(_last_four(address))
        if address not in GLOBAL_UNICAST:
            return False
        if _is_isatap(address) and not is_public(_last_four(address)):
            return False
    if any(address in network for network in REFUSED):
        return False
    return address.is_global and not address.is_multicast


def _is_isatap(address: IPv6Address) -> bool:
    """An interface that tunnels to the IPv4 address in its last four bytes (RFC 5214)."""
    return (int(address) >> 32) & 0xFDFF_FFFF == 0x0000_5EFE


def _last_four(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFF_FFFF)
