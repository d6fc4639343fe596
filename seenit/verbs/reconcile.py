"""`seenit reconcile`: makes catalog and index equal to the store."""

import asyncio
from contextlib import AsyncExitStack, suppress
from typing import Annotated

import typer

from seenit import bars, options
from seenit.console import notes, out, print_json, told_plainly
from seenit.running import run
from shared.records import Event, Outcome
from shared.settings import Settings
from shared.storage.open import open_store
from streams.parts import Parts, open_parts
from streams.progress import Progress
from streams.reconcile import Report

COUNTS = ("added", "changed", "removed", "unchanged")


def reconcile(  # noqa: PLR0913 - a command's arguments are its options
    bucket: options.Bucket = None,
    prefix: options.Prefix = "",
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Remove, however much would vanish.")
    ] = False,
    folder: options.Folder = None,
    data: options.Data = None,
    as_json: options.AsJson = False,
) -> None:
    """Make catalog and index equal to the store: initial load, repair, or by hand."""
    with told_plainly():
        settings = options.settings_for(folder, data)
        report = run(_reconcile(settings, bucket, prefix, dry_run=dry_run, force=force))
        counts = {name: report.total(name) for name in COUNTS}
        if as_json:
            print_json(counts)
        else:
            out.print(", ".join(f"{count:,} {name}" for name, count in counts.items()))


async def _reconcile(
    settings: Settings, bucket: str | None, prefix: str, *, dry_run: bool, force: bool
) -> Report:
    async with AsyncExitStack() as stack:
        with notes.status("Comparing"):
            parts = await stack.enter_async_context(open_parts(settings, open_store(settings)))
            report = await parts.reconciler.survey(bucket, prefix)
        if not dry_run:
            async with working(parts, report.total("differing")):
                await parts.reconciler.feed(report, prefix, force=force)
        return report


class working:  # noqa: N801 - reads as a word: `async with working(parts, total)`
    """Runs the intake, with a bar, until all that the block offered is done."""

    def __init__(self, parts: Parts, total: int) -> None:
        self._parts = parts
        self._total = total
        self.outcomes: dict[Outcome, int] = {}

    async def __aenter__(self) -> "working":
        """Start working."""
        self._stack = AsyncExitStack()
        progress = Progress()
        progress.begin(self._total)

        def count(_: Event, outcome: Outcome) -> None:
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + 1
            progress.advance()

        self._parts.intake.on_settled(count)
        await self._stack.enter_async_context(bars.shown(progress, "Indexing"))
        self._intake = asyncio.create_task(self._parts.intake.run())
        return self

    async def __aexit__(self, *fault: object) -> None:
        """Wait for the rest, unless the work itself broke."""
        idle = asyncio.create_task(self._parts.intake.idle())
        await asyncio.wait({idle, self._intake}, return_when=asyncio.FIRST_COMPLETED)
        for task in (idle, self._intake):
            task.cancel()
        await self._stack.aclose()
        with suppress(asyncio.CancelledError):
            await self._intake
