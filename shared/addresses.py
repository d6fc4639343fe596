"""Addresses of parts, read and written alike by all."""

from pathlib import Path

_SQLITE = "sqlite:///"


def sqlite_file(url: str) -> Path | None:
    """Name the file of a `sqlite:///` address, taken literally; None for another kind of address.

    Literally, because file names hold `%`, `?` and `#` as they please.
    """
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None


def http_address(host: str, port: int) -> str:
    """Write the address of an HTTP server; one of IPv6 stands in brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
