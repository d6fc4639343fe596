"""How `seenit status` looks: one table of what the parts said."""

from datetime import UTC, datetime
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from seenit.console import plain

BAR = 24
"""Columns of the longest bar of a partition's lag."""


def table_of(status: dict[str, Any]) -> RenderableType:
    """Show what `seenit status --json` prints."""
    table = Table(box=None, show_header=False)
    table.add_column(style="bold")
    addresses = {"search": status["api"], "worker": status.get("worker")}
    if "search" not in status["health"]:
        table.add_row("address", plain(status["api"]))
    for part, health in status["health"].items():
        address = addresses.get(part)
        table.add_row(part, _health(health) + (f" [dim]{plain(address)}[/]" if address else ""))
    if "objects" in status:
        _add_counts(table, status)
    if progress := status.get("progress"):
        table.add_row("indexing", _progress(progress))
    if "lag" not in status:
        return table
    _add_work(table, status)
    return Group(table, _lags(status["partitions"])) if status["lag"] else table


def _health(health: str) -> str:
    colour = "green" if health == "ok" else "yellow" if health.startswith(("ok", "wait")) else "red"
    return f"[{colour}]{plain(health)}[/]"


def _add_counts(table: Table, status: dict[str, Any]) -> None:
    table.add_row("model", plain(status["model_id"] or "-"))
    for name in ("objects", "images", "rejected"):
        table.add_row(name, f"{status[name]:,}")
    table.add_row("newest", _when(status["newest"]))


def _add_work(table: Table, status: dict[str, Any]) -> None:
    """Say how far the workers are behind, and what the worker that was asked is at."""
    workers = status.get("workers")
    lag = f"{status['lag']:,} notifications" if status["lag"] else "nothing"
    if workers is not None:
        lag += f", {workers} worker{'s' if workers != 1 else ''} at work"
    table.add_row("waiting", f"[red]{lag}[/]" if status["lag"] and workers == 0 else lag)
    if status["lag"] and status["rate"] is not None:
        left = status["eta_s"]
        told = "" if left is None else f", {_span(left)} left"
        table.add_row("rate", f"{status['rate']:,.0f}/s{told}")
    worker = status["at_work"] or {}
    if in_flight := worker.get("in_flight"):
        table.add_row("under way", f"{in_flight:,}")
    house = worker.get("housekeeping") or {}
    if "drift" in house:
        table.add_row("drift", _drift(house))
    for name in ("question", "remark"):
        if house.get(name):
            table.add_row("", f"[yellow]{plain(house[name])}[/]")


def _drift(house: dict[str, Any]) -> str:
    """Say what the last comparison found, and how far mending it is."""
    told = f"{house['drift']:,} differences found {_when(house['compared_at'])}"
    progress = house["progress"]
    return f"{told}; looked at {_progress(progress)}" if progress["active"] else told


def _lags(partitions: list[dict[str, Any]]) -> Table:
    most = max(each["lag"] for each in partitions)
    table = Table("partition", "", "waiting", box=None, header_style="dim")
    table.columns[0].justify = table.columns[2].justify = "right"
    for each in partitions:
        bar = Text("━" * -(-each["lag"] * BAR // most), style="cyan")
        table.add_row(f"{each['partition']}", bar, f"{each['lag']:,}")
    return table


def _progress(progress: dict[str, Any]) -> str:
    if not progress["active"]:
        return "caught up"
    left = progress["eta_s"]
    told = f"{progress['done']:,} of {progress['total']:,}, {progress['rate']:,.0f}/s"
    return told if left is None else f"{told}, {_span(left)} left"


def _when(told: str | None) -> str:
    """Say how long ago an ISO time was."""
    if not told:
        return "-"
    ago = (datetime.now(UTC) - datetime.fromisoformat(told)).total_seconds()
    return f"{_span(max(0.0, ago))} ago"


def _span(seconds: float) -> str:
    """Say a time as a person would."""
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:,.0f} {unit}"
    return f"{seconds:,.0f} s"
