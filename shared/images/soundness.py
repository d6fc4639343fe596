"""What a decoder that stops after the first frame does not notice."""

import struct
from zlib import crc32

from shared.errors import Reason, Rejected

MOST_PAGES = 65_535


def refuse_unsound(data: bytes, kind: str, max_pixels: int) -> None:
    """Refuse a GIF with a huge later frame, a TIFF whose pages form a loop, a PNG with a bad CRC.

    Args:
        data: the file.
        kind: Pillow's name of its format.
        max_pixels: that a frame may reach out to.

    Raises:
        Rejected: with its reason.
    """
    if kind == "GIF":
        width, height = _extents(data)
        if width * height > max_pixels:
            detail = f"its frames reach out to {width} x {height}, more than {max_pixels:,} pixels"
            raise Rejected(Reason.TOO_MANY_PIXELS, detail)
    elif kind == "TIFF" and _loops(data):
        raise Rejected(Reason.BROKEN, "the file is damaged (its pages form a loop)")
    elif kind == "PNG" and (chunk := _spoilt_chunk(data)):
        raise Rejected(Reason.BROKEN, f"the file is damaged (bad CRC in chunk {chunk})")


def _extents(data: bytes) -> tuple[int, int]:
    """Measure the canvas that all frames of a GIF together need."""
    width = height = 0
    try:
        at = 13 + _colours(data[10])
        while data[at] in b"!,":
            if data[at : at + 1] == b",":
                left, top, across, down, packed = struct.unpack_from("<4HB", data, at + 1)
                width, height = max(width, left + across), max(height, top + down)
                at += 11 + _colours(packed)
            else:
                at += 2
            while size := data[at]:
                at += 1 + size
            at += 1
    except (IndexError, struct.error):
        pass  # cut off in a later frame, which nobody looks at
    return width, height


def _colours(packed: int) -> int:
    """Tell the length in bytes of the colour table that a GIF's packed field announces."""
    return 3 * 2 ** ((packed & 7) + 1) if packed & 0x80 else 0


def _loops(data: bytes) -> bool:
    """Whether a page of a TIFF is followed by itself or an earlier one."""
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in {b"+\0", b"\0+"}
    offset, count, entry = ("Q", "Q", 20) if big else ("I", "H", 12)
    seen: set[int] = set()
    try:
        (page,) = struct.unpack_from(order + offset, data, 8 if big else 4)
        while page and len(seen) < MOST_PAGES:
            if page in seen:
                return True
            seen.add(page)
            (entries,) = struct.unpack_from(order + count, data, page)
            behind = page + struct.calcsize(order + count) + entries * entry
            (page,) = struct.unpack_from(order + offset, data, behind)
    except struct.error:
        pass  # a later page lies beyond the end, where nobody looks
    return False


def _spoilt_chunk(data: bytes) -> str | None:
    """Name the first critical chunk of a PNG with a wrong check sum; Pillow looks at some only."""
    view, at = memoryview(data), 8
    name: bytes
    while at + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        critical = not name[0] & 0x20
        if critical and end + 4 <= len(data):
            (expected,) = struct.unpack_from(">I", data, end)
            if crc32(view[at + 4 : end]) != expected:
                return name.decode("latin-1")
        if name == b"IEND":
            break
        at = end + 4
    return None
