"""`seenit worker` around parts that a case has interfered with; its argument is a `Plan`.

Everything else, Faust and the pipeline among it, is the product as it is.
"""

import functools
import inspect
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

from benchmarks.stand_in import StandIn
from seenit.cli import main
from seenit.verbs import worker as verb
from shared.embedding.load import load_embedder
from shared.protocols import Embedder
from shared.settings import Settings
from streams.parts import Adapters, open_adapters
from tests.faults.places import REAL
from tests.faults.plans import Journal, Plan, Strike


class Interfered:
    """A part whose calls are noted in the journal and struck as planned."""

    def __init__(self, part: object, strikes: list[Strike], notes: dict[str, Callable]) -> None:
        self._part = part
        self._strikes = strikes
        self._notes = notes
        self._calls: Counter[str] = Counter()
        self._counting = Lock()  # the store's threads call side by side

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._part, name)
        strikes = [strike for strike in self._strikes if strike.method == name]
        if not strikes and name not in self._notes:
            return real

        def begin(arguments) -> int:
            with self._counting:
                self._calls[name] += 1
                number = self._calls[name]
            if name in self._notes:
                self._notes[name](*arguments)
            return number

        @functools.wraps(real)
        def call(*arguments, **named):
            number = begin(arguments)
            _strike(strikes, "before", number)
            answer = real(*arguments, **named)
            _strike(strikes, "after", number)
            return answer

        @functools.wraps(real)
        async def call_async(*arguments, **named):
            number = begin(arguments)
            _strike(strikes, "before", number)
            answer = await real(*arguments, **named)
            _strike(strikes, "after", number)
            return answer

        return call_async if inspect.iscoroutinefunction(real) else call


class Follower(Interfered):
    """A catalog that never lets this worker lead."""

    async def lead(self, *_: object) -> bool:
        return False


def _strike(strikes: list[Strike], when: str, number: int) -> None:
    for strike in strikes:
        if strike.when == when and strike.call in {0, number}:
            if strike.seconds is None:
                os.kill(os.getpid(), signal.SIGKILL)
            else:
                time.sleep(strike.seconds)


def interfered(adapters: Adapters, plan: Plan) -> Adapters:
    """Put what notes and strikes around each part that is asked of the outside."""
    journal, pid = Journal(Path(plan.journal)), str(os.getpid())
    notes: dict[str, dict[str, Callable[..., None]]] = {
        "store": {
            "read": lambda ref, _: journal.note("read", ref.key),
            "list": lambda *_: journal.note("list", pid),
        },
        "catalog": {"known": lambda refs: journal.note("look", *(ref.key for ref in refs))},
        "index": {
            "upsert": lambda ids, _: journal.note("upsert", *ids),
            "delete": lambda ids: journal.note("delete", *ids),
        },
        "decoder": {},
    }
    around = {}
    for name, noted in notes.items():
        strikes = [strike for strike in plan.strikes if strike.part == name]
        kind = Interfered if plan.leads or name != "catalog" else Follower
        around[name] = kind(getattr(adapters, name), strikes, noted)
    return replace(adapters, **around)


@asynccontextmanager
async def open_interfered(plan: Plan, settings: Settings) -> AsyncIterator[Adapters]:
    """Open the parts as the product does, and yield them with what is put around them."""

    def load(settings: Settings) -> Embedder:
        real = plan.model_id == REAL
        return load_embedder(settings) if real else StandIn(plan.model_id, plan.embed_s)

    async with open_adapters(settings, load=load) as adapters:
        yield interfered(adapters, plan)


if __name__ == "__main__":
    verb.open_adapters = functools.partial(open_interfered, Plan.load(sys.argv[1]))
    sys.argv[1:] = ["worker"]
    main()
