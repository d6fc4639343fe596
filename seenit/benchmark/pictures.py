"""Pictures to measure with: real ones, each copy with bytes of its own."""

import secrets
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

from shared.errors import ConfigurationError, Rejected
from shared.images.decoding import decode

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}  # formats that do not mind bytes after their end
MAX_PIXELS = 100_000_000


def load_pictures(folder: Path) -> list[bytes]:
    """Read the folder's pictures that can be decoded.

    Raises:
        ConfigurationError: there are none.
    """
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    pictures = [data for path in found if _decodes(data := path.read_bytes())]
    if not pictures:
        raise ConfigurationError("FOLDER", f"there are no pictures in {folder}")
    return pictures


def varied(pictures: list[bytes]) -> Iterator[bytes]:
    """Repeat the pictures for ever, each time with other bytes behind the end of the picture."""
    for data in cycle(pictures):
        yield data + secrets.token_bytes(16)


def write_copies(pictures: list[bytes], count: int, folder: Path) -> list[Path]:
    """Write `count` pictures with bytes of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, data in enumerate(islice(varied(pictures), count)):
        path = folder / f"{number:07}.jpg"
        path.write_bytes(data)
        paths.append(path)
    return paths


def _decodes(data: bytes) -> bool:
    try:
        decode(data, max_pixels=MAX_PIXELS)
    except (Rejected, OSError, ValueError, SyntaxError):
        return False
    return True
