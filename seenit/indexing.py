"""The pipeline at work for a verb: it takes what the verb offers and ends when that is done."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from seenit import bars
from shared.records import Outcome
from streams.batches import Settled
from streams.parts import Parts
from streams.progress import Progress


@asynccontextmanager
async def indexing(parts: Parts, total: int) -> AsyncIterator[Counter[Outcome]]:
    """Index what the block offers to the intake, with a bar that counts towards `total`.

    Yields the outcomes so far; complete once the block is left. Objects that someone is writing
    right now have none: that is not waited for.
    """
    outcomes: Counter[Outcome] = Counter()
    progress = Progress()
    progress.begin(total)

    def count(settled: Settled) -> None:
        outcomes[settled.outcome] += 1
        progress.advance()

    parts.intake.on_settled(count)
    async with bars.shown(progress, "Indexing"), asyncio.TaskGroup() as tasks:
        work = tasks.create_task(parts.intake.run())
        try:
            yield outcomes
            await parts.intake.idle()
        finally:
            work.cancel()  # finishes the batches under way
