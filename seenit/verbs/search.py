"""`seenit search`: a table of hits."""

from contextlib import closing
from typing import Annotated, Any

import typer
from rich.table import Table

from seenit import options
from seenit.client import Client
from seenit.console import notes, plain, print_json, print_table, told_plainly

Api = Annotated[
    str | None,
    typer.Option(
        "--api",
        metavar="URL",
        help="The running API.",
        show_default="http://SEENIT_HOST:SEENIT_PORT",
    ),
]


def search(
    image: Annotated[str, typer.Argument(help="A file, a URL, or bucket/key.")],
    api: Api = None,
    limit: Annotated[
        int,
        typer.Option("--limit", "-n", metavar="N", min=1, max=1000, help="At most so many hits."),
    ] = 10,
    views: Annotated[
        str,
        typer.Option(
            "--views",
            metavar="WORDS",
            help="Look also for pictures on this one (auto), mirrored (flip), turned (rotate), "
            "with commas between; `whole` for none.",
        ),
    ] = "auto",
    *,
    as_json: options.AsJson = False,
) -> None:
    """Search with a picture: have I seen it before, and where?"""
    with told_plainly(), closing(Client(options.settings_for(), api)) as client:
        reply = client.search(image, limit, views)
    if as_json:
        print_json(reply)
        return
    table = Table("similarity", "match", "bucket/key", "size", box=None, header_style="bold")
    for hit in reply["hits"]:
        table.add_row(*_row(hit))
    if reply["hits"]:
        print_table(table)
    if all(hit["match"] == "similar" for hit in reply["hits"]):
        notes.print("[dim]Nothing close: not seen before.[/]")


def _row(hit: dict[str, Any]) -> tuple[str, str, str, str]:
    colour = {"exact": "green", "near_duplicate": "cyan"}.get(hit["match"], "dim")
    places = "\n".join(plain(f"{o['bucket']}/{o['key']}") for o in hit["objects"])
    similarity = f"{hit['similarity']:.3f}"
    seen = "" if hit["view"] == "whole" else f" ({hit['view']})"
    return (
        similarity,
        f"[{colour}]{hit['match']}{seen}[/]",
        places,
        f"{hit['width']} x {hit['height']}",
    )
