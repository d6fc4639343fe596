"""Whether the parts that a process stands on answer now."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

from shared.errors import SeenitError
from shared.metrics import ANSWERING
from shared.protocols import CatalogReader, ObjectStore, VectorIndex

PATIENCE_S = 2.0
NO_IMAGE = "0" * 64


class Readiness:
    """Asks each part a small question, for probes and for `seenit_answering`.

    What blocks has a thread of its own for each part: one that hangs holds that thread, however
    often it is asked after, and none of those that others need.
    """

    def __init__(self, store: ObjectStore, catalog: CatalogReader, index: VectorIndex) -> None:
        self._questions: dict[str, Callable[[], Awaitable[object]]] = {
            "catalog": lambda: catalog.known_images([NO_IMAGE]),
            "index": _by_own_thread("ask-index", lambda: index.get([NO_IMAGE])),
            "store": _by_own_thread("ask-store", store.buckets),
        }

    async def missing(self) -> list[str]:
        """Name the parts that do not answer within PATIENCE_S."""
        answers = await asyncio.gather(*map(self.answers, self._questions))
        asked = zip(self._questions, answers, strict=True)
        return [part for part, answered in asked if not answered]

    async def answers(self, part: str) -> bool:
        """Ask one part, and tell Prometheus whether it answers within PATIENCE_S."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._questions[part]()
        except (SeenitError, TimeoutError):
            answered = False
        else:
            answered = True
        ANSWERING.labels(part).set(answered)
        return answered


def _by_own_thread(name: str, ask: Callable[[], object]) -> Callable[[], Awaitable[object]]:
    thread = ThreadPoolExecutor(1, name)
    return lambda: asyncio.get_running_loop().run_in_executor(thread, ask)
