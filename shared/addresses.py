"""What an address of a part says, read alike by all who open it."""

from pathlib import Path

_SQLITE = "sqlite:///"


def sqlite_file(url: str) -> Path | None:
    """Name the file of a `sqlite:///` address, taken literally; None for another kind of address.

    Literally, because file names hold `%`, `?` and `#` as they please.
    """
    return Path(url.removeprefix(_SQLITE)) if url.startswith(_SQLITE) else None
