"""`seenit --help`."""

from collections import UserDict
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

VERBS = (
    "up",
    "setup",
    "worker",
    "serve",
    "add",
    "remove",
    "search",
    "status",
    "reconcile",
    "evaluate",
    "samples",
    "rejections",
    "bench",
)
"""In the order of `seenit --help`; each is a function or a `Typer` of its name in seenit.verbs."""


class Verbs(UserDict[str, Any]):
    """The verbs by name, each imported when it is first looked at: they need much, and not all."""

    def __init__(self) -> None:
        super().__init__(dict.fromkeys(VERBS))

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - click's Command, which typer hides
        if super().__getitem__(name) is None:
            self[name] = _load(name)
        return super().__getitem__(name)


class LateGroup(TyperGroup):
    """The root command over `Verbs`."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - typer's own
        super().__init__(**options)
        self.commands = Verbs()


app = typer.Typer(
    cls=LateGroup,
    name="seenit",
    help="Have I seen this picture before, and where?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _load(name: str) -> Any:  # noqa: ANN401 - click's Command, which typer hides
    """Import a verb and make its command."""
    verb = getattr(import_module(f"seenit.verbs.{name}"), name)
    alone = typer.Typer(rich_markup_mode="rich")
    if isinstance(verb, typer.Typer):
        alone.add_typer(verb, name=name)
    else:
        alone.command(name)(verb)
    return get_group(alone).commands[name]


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
