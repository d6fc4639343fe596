"""How far a long piece of work is, how fast, and how long it will still take. No I/O."""

import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 20.0


class Progress:
    """Counts work done against a total; the rate is that of the last seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.total = 0
        self.done = 0
        self.active = False
        self._marks: deque[tuple[float, int]] = deque()

    def begin(self, total: int) -> None:
        """Start counting towards `total`."""
        self.total, self.done, self.active = total, 0, True
        self._marks = deque([(self._clock(), 0)])

    def advance(self) -> None:
        """One more is done."""
        if not self.active:
            return
        self.done += 1
        now = self._clock()
        if now - self._marks[-1][0] >= 0.5:  # two marks a second tell the rate well enough
            self._marks.append((now, self.done))
            while len(self._marks) > 2 and now - self._marks[0][0] > WINDOW_S:
                self._marks.popleft()

    def end(self) -> None:
        """Nothing is left to do."""
        self.active = False

    @property
    def rate(self) -> float:
        """Items per second, lately; 0 before anything is done."""
        if not self._marks:
            return 0.0
        began, before = self._marks[0]
        elapsed = self._clock() - began
        return (self.done - before) / elapsed if elapsed > 0 else 0.0

    @property
    def eta_s(self) -> float | None:
        """Seconds still to go at this rate; None while that cannot be told."""
        left = max(0, self.total - self.done)
        return left / self.rate if self.rate > 0 else None

    def report(self) -> dict[str, float | int | bool | None]:
        """Say it all at once, for whoever shows it."""
        return {
            "active": self.active,
            "done": self.done,
            "total": self.total,
            "rate": self.rate,
            "eta_s": self.eta_s if self.active else None,
        }
