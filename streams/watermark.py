"""Up to which offset everything of a partition is done. No I/O."""

from collections import deque


class Watermark:
    """Follows the messages of one partition during one assignment of it.

    Messages are taken in the order of their offsets, which may have gaps, and are done in any
    order. A message may be acknowledged once it and all those before it are done.
    """

    def __init__(self) -> None:
        self._open: deque[int] = deque()
        self._done: set[int] = set()
        self._last: int | None = None

    def take(self, offset: int) -> bool:
        """A message came; False for one that had already come, of which nothing is to be done."""
        if self._last is not None and offset <= self._last:
            return False
        self._last = offset
        self._open.append(offset)
        return True

    def done(self, offset: int) -> list[int]:
        """Note that a message is done; returns those that may now be acknowledged, in order."""
        self._done.add(offset)
        ready = []
        while self._open and self._open[0] in self._done:
            ready.append(self._open.popleft())
        self._done.difference_update(ready)
        return ready

    @property
    def position(self) -> int | None:
        """The first offset not done, or the one after the last; None before any message came."""
        if self._open:
            return self._open[0]
        return None if self._last is None else self._last + 1

    def __len__(self) -> int:
        """Count the messages that were taken and may not be acknowledged yet."""
        return len(self._open)
