"""`seenit status`: counts, work under way, model, health of each part."""

import time
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.table import Table

from seenit import options
from seenit.client import Client
from seenit.console import out, plain, print_json, print_table, told_plainly
from seenit.verbs.search import Api

EVERY_S = 1.0
PARTS = ("catalog", "index", "store")


def status(
    api: Api = None,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", metavar="", help="Show it until Ctrl-C.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Show what is indexed, what is under way, and whether each part is well."""
    with told_plainly():
        client = Client(options.settings_for(), api)
        if as_json:
            print_json(_ask(client))
        elif not watch:
            print_table(_table(_ask(client)))
        else:
            with Live(_table(_ask(client)), console=out, auto_refresh=False) as live:
                while True:
                    time.sleep(EVERY_S)
                    live.update(_table(_ask(client)), refresh=True)


def _ask(client: Client) -> dict[str, Any]:
    """Ask for health first: without its catalog the API has nothing to count."""
    missing = client.get("/readyz").get("missing", [])
    stats = {} if "catalog" in missing else client.get("/v1/stats")
    health = {part: "not answering" if part in missing else "ok" for part in PARTS}
    return {"api": client.url, **stats, "health": health}


def _table(status: dict[str, Any]) -> Table:
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    table.add_row("address", plain(status["api"]))
    for part, health in status["health"].items():
        table.add_row(part, f"[{'green' if health == 'ok' else 'red'}]{health}[/]")
    if "objects" not in status:
        return table
    table.add_row("model", plain(status["model_id"]))
    for name in ("objects", "images", "rejected"):
        table.add_row(name, f"{status[name]:,}")
    table.add_row("newest", plain(status["newest"] or "-"))
    if progress := status["progress"]:
        table.add_row("indexing", _progress(progress))
    return table


def _progress(progress: dict[str, Any]) -> str:
    if not progress["active"]:
        return "caught up"
    left = progress["eta_s"]
    told = f"{progress['done']:,} of {progress['total']:,}, {progress['rate']:,.0f}/s"
    return told if left is None else f"{told}, {left:,.0f} s left"
