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
        self._catalog = catalog
        self._blocking: dict[str, tuple[ThreadPoolExecutor, Callable[[], object]]] = {
            "index": (ThreadPoolExecutor(1, "ask-index"), lambda: index.get([NO_IMAGE])),
            "store": (ThreadPoolExecutor(1, "ask-store"), store.buckets),
        }

    async def missing(self) -> list[str]:
        """Name the parts that do not answer within PATIENCE_S, and tell Prometheus of all."""
        loop = asyncio.get_running_loop()
        questions: dict[str, Awaitable[object]] = {
            "catalog": self._catalog.known_images([NO_IMAGE]),
            **{
                part: loop.run_in_executor(thread, ask)
                for part, (thread, ask) in self._blocking.items()
            },
        }
        answers = await asyncio.gather(*map(_answers, questions.values()))
        for part, answer in zip(questions, answers, strict=True):
            ANSWERING.labels(part).set(answer)
        return [part for part, answer in zip(questions, answers, strict=True) if not answer]


async def _answers(question: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE_S):
            await question
    except (SeenitError, TimeoutError):
        return False
    return True
