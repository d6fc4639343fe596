"""`seenit setup`: makes topics, notifications, tables, collection and users; safe to repeat."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict

import typer
from rich.live import Live
from rich.table import Table

from seenit import options
from seenit.console import FAILED, MISUSED, notes, out, plain, print_json, print_table, told_plainly
from seenit.running import run
from shared.settings import Settings
from shared.steps import Did, Step

COLOURS = {
    Did.MADE: "green",
    Did.CHANGED: "cyan",
    Did.FOUND: "dim",
    Did.SKIPPED: "yellow",
    Did.REFUSED: "red",
    Did.FAILED: "red",
}


def setup(*, as_json: options.AsJson = False) -> None:
    """Make what the distributed system needs, where it is missing; safe to repeat."""
    with told_plainly():
        settings = options.settings_for()
        steps = run(_set_up(settings, shown=not as_json))
    if as_json:
        print_json({"steps": [asdict(step) for step in steps]})
    bad = [step for step in steps if step.did in {Did.REFUSED, Did.FAILED}]
    for step in bad:
        told = f"{step.part} {step.name}: {step.detail}"
        notes.print(f"[bold red]seenit:[/] {plain(told)}", soft_wrap=True)
    if bad:
        raise typer.Exit(MISUSED if all(step.did is Did.REFUSED for step in bad) else FAILED)
    if not as_json:
        notes.print("[dim]Ready for:[/] seenit worker, seenit serve")


async def _set_up(settings: Settings, *, shown: bool) -> list[Step]:
    from seenit.setting_up import Setup  # noqa: PLC0415 - its clients are an extra

    steps: list[Step] = []
    with ExitStack() as stack:
        live = Live(_table(steps), console=out, auto_refresh=False)
        if shown and out.is_terminal:
            stack.enter_context(live)
        for task in Setup(settings).tasks():
            live.update(_table([*steps, None], task.part, task.name), refresh=live.is_started)
            steps.append(await task.attempt())
        live.update(_table(steps), refresh=live.is_started)
    if shown and not out.is_terminal:
        print_table(_table(steps))
    return steps


def _table(steps: Sequence[Step | None], part: str = "", name: str = "") -> Table:
    """Show the steps; the last may be the one under way."""
    table = Table("part", "name", "done", "detail", box=None, header_style="bold")
    for step in steps:
        if step is None:
            table.add_row(plain(part), plain(name), "…", "")
            continue
        bad = step.did in {Did.REFUSED, Did.FAILED}
        colour = COLOURS[step.did]
        detail = "see below" if bad else plain(step.detail)
        table.add_row(plain(step.part), plain(step.name), f"[{colour}]{step.did}[/]", detail)
    return table
