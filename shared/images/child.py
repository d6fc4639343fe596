"""A decoding process: `python -m shared.images.child FD MEMORY TIMEOUT`.

Untrusted bytes are decoded only here.

A crash, a runaway or a memory hog ends this process, not the worker. Talks over a socket in
messages of a JSON header and raw bytes. No pickles, so a subverted decoder cannot reach its parent.
Ends when the parent does.
"""

import json
import math
import signal
import socket
import sys
from contextlib import suppress
from typing import Any

from shared.errors import Reason, Rejected
from shared.images.boxes import Box
from shared.images.decoding import DecodedImage, DecodedViews, decode, decode_views, thumbnail
from shared.images.line import receive, send

Reply = tuple[dict[str, Any], bytes | memoryview]


def answer(request: dict[str, Any], data: bytes) -> Reply:
    """Do what is asked; every failure of a decoder becomes a rejection with its reason."""
    try:
        return _run(request, data)
    except Rejected as rejection:
        return {"reason": rejection.reason, "detail": rejection.detail}, b""
    except MemoryError:
        return {"reason": Reason.DECODER_MEMORY, "detail": "decoding takes too much memory"}, b""
    except Exception as error:  # noqa: BLE001 - the process's edge: decoders raise anything
        detail = f"the file is damaged ({type(error).__name__}: {error})"
        return {"reason": Reason.BROKEN, "detail": detail[:500]}, b""


def _run(request: dict[str, Any], data: bytes) -> Reply:
    if request["task"] == "thumbnail":
        return {}, thumbnail(data, max_pixels=request["max_pixels"], size=request["size"])
    if request["task"] == "views":
        box = Box(*request["box"]) if request["box"] else None
        seen = decode_views(data, max_pixels=request["max_pixels"], box=box, ways=request["ways"])
        return {**_facts(seen), "sights": seen.sights}, seen.pixels.reshape(-1).data
    image = decode(data, max_pixels=request["max_pixels"])
    return _facts(image), image.pixels.reshape(-1).data


def _facts(image: DecodedImage | DecodedViews) -> dict[str, Any]:
    return {"width": image.width, "height": image.height, "format": image.format}


def _limit_memory(size: int) -> None:
    """Cap the address space, where the system can."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with suppress(ValueError, OSError):  # a lower limit is already in force
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def set_alarm(seconds: float) -> None:
    """End this process that much later, whatever it does then; 0 takes that back.

    The parent ends a runaway sooner; this is for one whose parent is no more.
    """
    if hasattr(signal, "alarm"):
        signal.alarm(math.ceil(seconds))


def main() -> None:
    """Answer requests until the parent closes its end."""
    line = socket.socket(fileno=int(sys.argv[1]))
    _limit_memory(int(sys.argv[2]))
    timeout_s = float(sys.argv[3])
    # Whoever ends a whole group of processes leaves it to the parent to finish its work.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    send(line, b"ready", b"")
    with suppress(EOFError, ConnectionError, KeyboardInterrupt):
        while True:
            request, data = receive(line)
            set_alarm(timeout_s + 5)
            header, body = answer(json.loads(request), data)
            set_alarm(0)
            send(line, json.dumps(header).encode(), body)


if __name__ == "__main__":
    main()
