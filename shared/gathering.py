"""Head and body of an answer in one write.

The server writes them one after the other. Each write wakes the client, and the second one costs as
much of a search as its JSON does.
"""

import asyncio
from typing import Any


class GatheringTransport:
    """A transport that holds a write back until the next one, or until this turn of the loop ends.

    Args:
        transport: does the rest.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever it is there
        """Leave all else to the transport."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write, at once if something is held back."""
        if self._held is None:
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            held, self._held = self._held, None
            self._transport.writelines((held, data))

    def close(self) -> None:
        """Close once all is written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, None
        if held is not None and not self._transport.is_closing():  # lost in the same turn
            self._transport.write(held)
