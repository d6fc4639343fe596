"""`seenit reconcile`: makes catalog and index equal to the store."""

from collections import Counter
from contextlib import AsyncExitStack, suppress
from typing import Annotated

import typer

from seenit import options
from seenit.console import notes, out, print_json, told_plainly
from seenit.indexing import indexing
from seenit.running import run
from shared.errors import SeenitError
from shared.records import Outcome
from shared.settings import Settings
from shared.storage.open import open_store
from streams.parts import open_parts
from streams.reconcile import Report, TooManyRemovals

COUNTS = ("added", "changed", "removed", "unchanged")


def reconcile(  # noqa: PLR0913 - a command's arguments are its options
    bucket: options.Bucket = None,
    prefix: options.Prefix = "",
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Only count; change nothing.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Remove, however much would vanish.")
    ] = False,
    folder: options.Folder = None,
    data: options.Data = None,
    as_json: options.AsJson = False,
) -> None:
    """Make catalog and index equal to the store: initial load, repair, or by hand."""
    with told_plainly():
        settings = options.settings_for(folder, data)
        report, outcomes = run(_reconcile(settings, bucket, prefix, dry_run=dry_run, force=force))
        if report.held_back and not (force or dry_run):
            question = TooManyRemovals(report.held_back)
            raise SeenitError(f"{question}. If that is right: seenit reconcile --force")
    counts = {name: report.total(name) for name in COUNTS}
    if not dry_run:
        counts["rejected"] = outcomes[Outcome.REJECTED]
        counts["in_motion"] = report.total("differing") - outcomes.total()
    if as_json:
        print_json(counts)
    else:
        out.print(_sentence(counts))


async def _reconcile(
    settings: Settings, bucket: str | None, prefix: str, *, dry_run: bool, force: bool
) -> tuple[Report, Counter[Outcome]]:
    async with AsyncExitStack() as stack:
        with notes.status("Comparing"):
            parts = await stack.enter_async_context(open_parts(settings, open_store(settings)))
            report = await parts.reconciler.survey(bucket, prefix)
        differing = report.total("differing")
        if dry_run or not differing:
            return report, Counter()
        async with indexing(parts, differing) as outcomes:
            with suppress(TooManyRemovals):  # told at the end; the rest is done first
                await parts.reconciler.feed(report, prefix, force=force)
        return report, outcomes


def _sentence(counts: dict[str, int]) -> str:
    told = ", ".join(f"{counts[name]:,} {name}" for name in COUNTS)
    if rejected := counts.get("rejected"):
        told += f"; {rejected:,} of them rejected, see: seenit rejections list"
    if in_motion := counts.get("in_motion"):
        told += f"; {in_motion:,} are being written right now and left for the next time"
    return told
