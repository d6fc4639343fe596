"""What a harness worker is told to do to itself, and the journal it keeps meanwhile."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Strike:
    """What happens at one call of a part's method.

    Attributes:
        part: `store`, `catalog`, `index`, `decoder` or `letters`.
        when: `before` or `after` the method has done its work.
        call: which call of it, from 1 on; 0 is every call.
        seconds: how long the thread, and with an asynchronous method the whole event loop, stands
            still; None kills the process.
    """

    part: str
    method: str
    when: str = "before"
    call: int = 1
    seconds: float | None = None


@dataclass(frozen=True)
class Plan:
    """How a harness worker differs from `seenit worker`.

    Attributes:
        model_id: of the stand-in embedder; with REAL the product's own embeds.
        journal: a file that all workers of a place write to.
        embed_s: how long the stand-in takes for each picture.
        leads: whether it may reconcile and collect; where it may not, events alone must do.
    """

    model_id: str
    journal: str
    embed_s: float = 0.0
    leads: bool = False
    strikes: tuple[Strike, ...] = field(default=())

    def dump(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def load(text: str) -> "Plan":
        told = json.loads(text)
        told["strikes"] = tuple(Strike(**strike) for strike in told["strikes"])
        return Plan(**told)


class Journal:
    """One line per piece of work: what was done and to which object. Appends survive a kill -9."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, what: str, *names: str) -> None:
        lines = "".join(f"{what} {name!r}\n" for name in names)
        with self.path.open("ab", buffering=0) as file:
            file.write(lines.encode())

    def count(self, what: str) -> Counter[str]:
        """Count per object how often `what` was done."""
        if not self.path.exists():
            return Counter()
        lines = self.path.read_bytes().decode(errors="replace").splitlines()
        told = (line.partition(" ") for line in lines)
        return Counter(name for verb, _, name in told if verb == what)

    def repeats(self, what: str) -> int:
        """Count what was done more than once to the same object."""
        return sum(count - 1 for count in self.count(what).values())
