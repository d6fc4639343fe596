"""Progress bars: shown on a terminal, silent elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bar
from rich.text import Text

from seenit.console import notes
from streams.progress import Progress

REFRESH_S = 0.1


class RateColumn(TextColumn):
    """Items per second and the time left, as the work itself reckons them."""

    def __init__(self) -> None:
        super().__init__("")

    def render(self, task: Task) -> Text:
        """Say the rate and the time left."""
        rate, left = task.fields.get("rate", 0.0), task.fields.get("left")
        told = [f"{rate:,.0f}/s"] if rate else []
        if left is not None and not task.finished:
            told.append(f"{left:,.0f} s left")
        return Text(", ".join(told), style="dim")


def bar() -> Bar:
    """Make a bar of the house's look."""
    return Bar(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeElapsedColumn(),
        console=notes,
        disable=not notes.is_terminal,
    )


@asynccontextmanager
async def shown(progress: Progress, what: str) -> AsyncIterator[None]:
    """Show `progress` as a bar while the block runs; it stays if there was anything to do."""
    with bar() as shown_bar:
        task = shown_bar.add_task(what, total=None)

        def draw() -> None:
            shown_bar.update(
                task,
                total=max(progress.total, progress.done) or None,
                completed=progress.done,
                rate=progress.rate,
                left=progress.eta_s if progress.active else None,
            )

        async def follow() -> None:
            while True:
                draw()
                await asyncio.sleep(REFRESH_S)

        following = asyncio.create_task(follow())
        try:
            yield
        finally:
            following.cancel()
            with suppress(asyncio.CancelledError):
                await following
            draw()
            shown_bar.update(task, visible=progress.total > 0)
