"""`seenit --help`."""

from importlib.metadata import version
from typing import Annotated

import typer

from seenit.verbs.add import add
from seenit.verbs.bench import bench
from seenit.verbs.evaluate import evaluate
from seenit.verbs.reconcile import reconcile
from seenit.verbs.rejections import rejections
from seenit.verbs.remove import remove
from seenit.verbs.samples import samples
from seenit.verbs.search import search
from seenit.verbs.serve import serve
from seenit.verbs.setup import setup
from seenit.verbs.status import status
from seenit.verbs.up import up
from seenit.verbs.worker import worker

app = typer.Typer(
    name="seenit",
    help="Have I seen this picture before, and where?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for verb in (up, setup, worker, serve, add, remove, search, status, reconcile, evaluate, samples):
    app.command()(verb)
app.add_typer(rejections, name="rejections")
app.add_typer(bench, name="bench")


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"seenit {version('seenit')}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", callback=lambda wanted: _print_version(wanted=wanted))
    ] = False,
) -> None:
    """Have I seen this picture before, and where?"""


def main() -> None:
    """Run the command line."""
    app()
