"""`seenit reconcile`: makes catalog and index equal to the store."""

from collections import Counter
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Annotated

import typer

from seenit import options
from seenit.console import FAILED, notes, out, plain, print_json, told_plainly
from seenit.indexing import indexing
from seenit.running import run
from shared.records import Outcome
from shared.settings import Settings
from shared.storage.open import open_store
from streams.collector import collect
from streams.parts import open_parts
from streams.surveys import Report

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
        bucket = options.known_bucket(settings, bucket)
        report, looked_at = run(_reconcile(settings, bucket, prefix, dry_run=dry_run, force=force))
        counts = _counts(report) if dry_run else _came_to(report, looked_at)
        if as_json:
            print_json(counts)
        else:
            out.print(_sentence(counts), soft_wrap=True)
        for remark in report.remarks:
            notes.print(plain(remark), soft_wrap=True)
        if report.failed or (report.question and not dry_run):
            raise typer.Exit(FAILED)


async def _reconcile(
    settings: Settings, bucket: str | None, prefix: str, *, dry_run: bool, force: bool
) -> tuple[Report, Counter[str]]:
    """Compare and mend; tells what was found, and of what was looked at how much came to what."""
    looked_at: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        with notes.status("Comparing"):
            parts = await stack.enter_async_context(open_parts(settings, open_store(settings)))
            report = await parts.reconciler.survey(bucket, prefix)
        if dry_run or not (report.work or report.orphans):
            return report, looked_at
        async with indexing(parts, report.work) as outcomes:
            await parts.reconciler.mend(
                report,
                parts.intake,
                force=force,
                offered=lambda: looked_at.update(["in_motion"]),
            )
        if report.orphans:
            await collect(parts.catalog, parts.index, timedelta(seconds=settings.collect_grace_s))
        looked_at["in_motion"] -= outcomes.total()
        looked_at["rejected"] = outcomes[Outcome.REJECTED]
    return report, looked_at


def _counts(report: Report) -> dict[str, int]:
    counts = {name: report.total(name) for name in COUNTS}
    return counts | {"restored": report.restored, "orphans": report.orphans}


def _came_to(report: Report, looked_at: Counter[str]) -> dict[str, int]:
    """Count what was done of what was found: removals that were held back are none."""
    counts = _counts(report) | {name: looked_at[name] for name in ("rejected", "in_motion")}
    counts["removed"] -= sum(report.buckets[name].removed for name in report.held_back)
    return counts | {"held_back": report.removals_held_back}


def _sentence(counts: dict[str, int]) -> str:
    told = ", ".join(f"{counts[name]:,} {name}" for name in COUNTS)
    if restored := counts["restored"]:
        told += f"; {restored:,} pictures whose vectors the index had lost"
    if orphans := counts["orphans"]:
        told += f"; {orphans:,} vectors that belong to no picture"
    if held_back := counts.get("held_back"):
        told += f"; {held_back:,} removals held back"
    if rejected := counts.get("rejected"):
        told += f"; {rejected:,} rejected, see: seenit rejections list"
    if in_motion := counts.get("in_motion"):
        told += f"; {in_motion:,} are being written right now and left for the next time"
    return told
