"""`seenit status`: counts, work under way, model, health of each part."""

import time
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.live import Live
from rich.table import Table

from seenit import options
from seenit.client import Client
from seenit.console import out, plain, print_json, told_plainly
from seenit.verbs.search import Api

EVERY_S = 1.0


def status(
    api: Api = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it until Ctrl-C.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what is indexed, what is under way, and whether each part is well."""
    with told_plainly():
        client = Client(options.settings_for(), api)
        if as_json:
            print_json(_ask(client))
        elif not watch:
            out.print(_table(_ask(client)))
        else:
            with Live(_table(_ask(client)), console=out, auto_refresh=False) as live:
                while True:
                    time.sleep(EVERY_S)
                    live.update(_table(_ask(client)), refresh=True)


def _ask(client: Client) -> dict[str, Any]:
    stats: dict[str, Any] = client.get("/v1/stats")
    return {"api": client.url, **stats, "health": client.get("/readyz")}


def _table(status: dict[str, Any]) -> RenderableType:
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    for name in ("api", "model_id", "objects", "images", "rejected", "newest"):
        value = status.get(name)
        table.add_row(name, f"{value:,}" if isinstance(value, int) else plain(str(value or "-")))
    if progress := status.get("progress"):
        table.add_row("indexing", _progress(progress))
    for part, health in status["health"].get("parts", {}).items():
        table.add_row(part, "[green]ok[/]" if health == "ok" else f"[red]{plain(str(health))}[/]")
    return table


def _progress(progress: dict[str, Any]) -> str:
    if not progress["active"]:
        return "caught up"
    left = progress["eta_s"]
    told = f"{progress['done']:,} of {progress['total']:,}, {progress['rate']:,.0f}/s"
    return told if left is None else f"{told}, {left:,.0f} s left"
