"""`seenit bench ingest|search`: measures on this machine, against the bare loop in the same run."""

import dataclasses
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from seenit import options
from seenit.benchmark import ingest as ingest_benchmark
from seenit.benchmark import search as search_benchmark
from seenit.benchmark.ingest import Freshness
from seenit.benchmark.pictures import load_pictures
from seenit.console import notes, out, print_json, told_plainly
from seenit.running import run
from seenit.verbs.samples import write_samples

bench = typer.Typer(
    help="Measure on this machine, against the bare loop in the same run.", no_args_is_help=True
)
Pictures = Annotated[
    Path | None, typer.Argument(help="A folder of pictures.", show_default="the samples")
]
Count = Annotated[int, typer.Option("--count", "-n", min=64, help="How many copies of them.")]


@bench.command()
def ingest(
    pictures: Pictures = None, count: Count = 2000, *, as_json: options.AsJson = False
) -> None:
    """From a folder to searchable, against reading, hashing, decoding and embedding alone.

    With an S3 store in the settings: from bucket notifications to searchable, on the services that
    the settings name, in a bucket, a database and a collection that are removed afterwards.
    """
    with told_plainly(), _pictures(pictures) as folder, notes.status("Preparing") as status:
        settings = options.settings_for()
        measure = ingest_benchmark.measure
        if settings.storage_url.startswith("s3:"):
            from seenit.benchmark import bucket  # noqa: PLC0415 - its clients are an extra

            measure = bucket.measure
        figures = run(measure(settings, load_pictures(folder), count, status.update))
    if as_json:
        print_json(dataclasses.asdict(figures))
        return
    table = Table("ingest", "pictures/s", box=None, header_style="bold")
    table.add_row("end to end", f"{figures.end_to_end:.1f}")
    table.add_row("bare loop", f"{figures.bare:.1f}")
    table.add_row("ratio", f"[bold]{figures.ratio:.3f}[/]")
    out.print(table)
    if fresh := figures.freshness:
        _print_freshness(fresh)
    out.print(f"[dim]{figures.pictures:,} pictures, {figures.model_id}[/]")


def _print_freshness(fresh: Freshness) -> None:
    title = f"{fresh.rate:.1f} uploads/s"
    table = Table(title, "p50 ms", "p99 ms", "p50", "p99", box=None, header_style="bold")
    for name, span in (
        ("PUT to searchable", fresh.whole),
        ("  until Kafka is told", fresh.store),
        ("  from there", fresh.ours),
    ):
        ratios = f"{span.p50_ratio:.1f}", f"[bold]{span.p99_ratio:.1f}[/]"
        table.add_row(name, f"{span.p50 * 1000:.0f}", f"{span.p99 * 1000:.0f}", *ratios)
    table.add_row("bare steps of one", f"{fresh.bare * 1000:.1f}", "", "1.0", "")
    out.print(table)


@bench.command()
def search(
    pictures: Pictures = None,
    count: Count = 1000,
    known: Annotated[
        int,
        typer.Option(help="How many images are known in all; the rest of them is made up."),
    ] = 0,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Over HTTP with 1 and 16 clients, against decoding, embedding and index search alone.

    Also: the same pictures asked again, and known images asked by name, against the index alone;
    and with filters, against the same without. These comparisons take an index of some size, such
    as `--known 100000`.
    """
    with told_plainly(), _pictures(pictures) as folder, notes.status("Preparing") as status:
        figures = search_benchmark.measure(
            options.settings_for(), load_pictures(folder), count, known, status.update
        )
    if as_json:
        print_json(dataclasses.asdict(figures))
        return
    table = Table(
        "search", "p50 ms", "p99 ms", "requests/s", "ratio", box=None, header_style="bold"
    )
    for name, spread, rate, ratio in (
        ("1 client", figures.one, None, figures.one_ratio),
        ("decode, forward, index search", figures.steps, None, None),
        ("16 clients", figures.many, figures.many_rate, figures.many_ratio),
        ("decode, forward in batches", None, figures.forward_rate, None),
        ("repeated", figures.repeated, None, figures.repeated_ratio),
        ("by id", figures.by_id, None, figures.by_id_ratio),
        ("index search", figures.index, None, None),
        *(
            (f"by id, {each.share:.0%} pass a filter", each.taken, None, each.ratio)
            for each in figures.filtered
        ),
    ):
        table.add_row(
            name,
            *((f"{spread.p50 * 1000:.2f}", f"{spread.p99 * 1000:.2f}") if spread else ("", "")),
            f"{rate:.1f}" if rate else "",
            f"[bold]{ratio:.2f}[/]" if ratio else "",
        )
    out.print(table)
    out.print(f"[dim]{figures.known:,} images known, {figures.model_id}[/]")


@contextmanager
def _pictures(folder: Path | None) -> Iterator[Path]:
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="seenit-samples-") as place:
        write_samples(Path(place))
        yield Path(place)
