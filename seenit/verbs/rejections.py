"""`seenit rejections list|retry`: what could not be indexed and why; try again."""

import time
from contextlib import AsyncExitStack
from typing import Annotated

import typer
from rich.table import Table

from seenit import options
from seenit.console import notes, out, plain, print_json, print_table, told_plainly
from seenit.indexing import indexing
from seenit.running import run
from shared.catalog.open import open_reader
from shared.errors import Reason
from shared.protocols import CatalogReader
from shared.records import Event, ObjectState, Outcome, StoredObject
from shared.settings import Settings
from shared.storage.open import open_store
from streams.pages import recorded
from streams.parts import open_parts

rejections = typer.Typer(help="What could not be indexed and why; try again.", no_args_is_help=True)
Why = Annotated[
    Reason | None, typer.Option("--reason", "-r", metavar="REASON", help="Only this reason.")
]


@rejections.command("list")
def list_rejections(
    bucket: options.Bucket = None,
    reason: Why = None,
    folder: options.Folder = None,
    data: options.Data = None,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Show what could not be indexed and why."""
    with told_plainly():
        rows = run(_list(options.settings_for(folder, data), bucket, reason))
    if as_json:
        print_json([_row(row) for row in rows])
        return
    table = Table("bucket", "key", "reason", "detail", box=None, header_style="bold")
    for row in rows:
        values = _row(row)
        table.add_row(*(plain(values[name]) for name in ("bucket", "key", "reason", "detail")))
    if rows:
        print_table(table)
    else:
        out.print("Nothing was rejected.")


@rejections.command()
def retry(
    bucket: options.Bucket = None,
    reason: Why = None,
    folder: options.Folder = None,
    data: options.Data = None,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Look at rejected objects again, as they are now."""
    with told_plainly():
        settings = options.settings_for(folder, data)
        outcomes = run(_retry(settings, options.known_bucket(settings, bucket), reason))
    if as_json:
        print_json(outcomes)
    else:
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.items())
        out.print(told or "Nothing was rejected.")


async def _list(
    settings: Settings, bucket: str | None, reason: Reason | None
) -> list[StoredObject]:
    catalog = await open_reader(settings.resolved_catalog_url)
    try:
        return await _rejected(catalog, bucket, reason)
    finally:
        await catalog.close()


async def _retry(
    settings: Settings, bucket: str | None, reason: Reason | None
) -> dict[Outcome, int]:
    async with AsyncExitStack() as stack:
        with notes.status("Loading the model"):
            parts = await stack.enter_async_context(open_parts(settings, open_store(settings)))
        rows = await _rejected(parts.catalog, bucket, reason)
        async with indexing(parts, len(rows)) as outcomes:
            for row in rows:
                await parts.intake.offer(Event(row.stat.ref, time.time(), again=True))
        return outcomes


async def _rejected(
    catalog: CatalogReader, bucket: str | None, reason: Reason | None
) -> list[StoredObject]:
    rows = recorded(catalog.page, bucket=bucket, state=ObjectState.REJECTED, reason=reason)
    return [row async for row in rows]


def _row(row: StoredObject) -> dict[str, str]:
    ref = row.stat.ref
    return {
        "bucket": ref.bucket,
        "key": ref.key,
        "reason": row.reason or "",
        "detail": row.detail or "",
    }
