"""`seenit evaluate`: how often an edited copy finds its original, per kind of edit."""

import asyncio
import dataclasses
from contextlib import aclosing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from seenit import bars, options
from seenit.console import notes, out, print_json, told_plainly
from seenit.evaluation.edits import EDITS
from seenit.evaluation.evaluate import Trial
from seenit.evaluation.evaluate import evaluate as measure
from seenit.evaluation.report import EditScore, Evaluation
from seenit.evaluation.screens import SCREENS
from seenit.evaluation.threshold import LEAST_PAIRS
from seenit.running import run
from shared.catalog.open import open_catalog, open_reader
from shared.embedding.load import load_embedder
from shared.errors import ConfigurationError
from shared.images.open import open_decoder
from shared.images.views import WAYS, Way
from shared.protocols import Embedder, Pixels
from shared.records import MeasuredThreshold
from shared.settings import Settings

Views = Annotated[
    str,
    typer.Option(
        "--views",
        metavar="WORDS",
        help="Look at the copies also in these views: "
        f"{', '.join(WAYS)}, with commas between; `whole` for none.",
    ),
]


def evaluate(  # noqa: PLR0913 - a command's arguments are its options
    folder: Annotated[Path, typer.Argument(help="A folder of pictures of the kind you search.")],
    probes: Annotated[int, typer.Option(min=1, help="How many of them are edited.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed draws the same edits.")] = 0,
    views: Views = "auto",
    library: options.Folder = None,
    data: options.Data = None,
    *,
    screens: Annotated[
        bool, typer.Option("--screens", help="Put them on screens and into frames instead.")
    ] = False,
    save: Annotated[
        bool,
        typer.Option("--save", help="Have searches call near duplicates by what this measures."),
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Edit pictures in every way that they meet on the net, and see whether search finds them."""
    with told_plainly():
        settings = options.settings_for(library, data)
        trial = Trial(SCREENS if screens else EDITS, _ways(views), probes=probes, seed=seed)
        report = run(_evaluate(settings, folder.expanduser(), trial, save=save))
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        _show(report, saved=save)


def _ways(words: str) -> tuple[Way, ...]:
    asked = {word.strip() for word in words.split(",")} - {"", "whole"}
    if not asked <= {*WAYS}:
        raise ConfigurationError("--views", f"should be among {', '.join(WAYS)}, or whole")
    return tuple(way for way in WAYS if way in asked)


async def _evaluate(settings: Settings, folder: Path, trial: Trial, *, save: bool) -> Evaluation:
    with notes.status("Loading the model"):
        embedder = await asyncio.to_thread(load_embedder, settings)
    if save:  # never makes a catalog where there is none: a mistaken folder shall not get one
        reader = await open_reader(settings.resolved_catalog_url, embedder.model_id)
        await reader.close()
    loop = asyncio.get_running_loop()
    async with aclosing(open_decoder(settings)) as decoder:
        with bars.bar() as bar:
            task = bar.add_task("Evaluating", total=None)

            def decode(data: bytes, ways: tuple[Way, ...]) -> Pixels:
                seen = asyncio.run_coroutine_threadsafe(
                    decoder.views(data, ways=ways), loop
                ).result()
                return seen.pixels

            report = await asyncio.to_thread(
                lambda: measure(
                    folder,
                    embedder,
                    decode,
                    trial=trial,
                    progress=lambda done, steps: bar.update(task, completed=done, total=steps),
                )
            )
    if save:
        await _save(settings, embedder, report)
    return report


async def _save(settings: Settings, embedder: Embedder, report: Evaluation) -> None:
    """Write the threshold into the catalog, where every search of it looks it up."""
    if report.measured is None:
        problem = f"{report.pictures} pictures are too few to tell; have {LEAST_PAIRS:,} pairs"
        raise ConfigurationError("--save", problem)
    catalog = await open_catalog(settings.resolved_catalog_url, embedder.model_id)
    measured = report.measured
    try:
        await catalog.calibrate(
            MeasuredThreshold(measured.near_duplicate, measured.pairs, datetime.now(UTC))
        )
    finally:
        await catalog.close()


def _show(report: Evaluation, *, saved: bool) -> None:
    judged = ("original first", "near duplicate", "median cosine")
    seen = [f"{name}, with views" for name in judged] if report.ways else []
    edit = Column("edit", no_wrap=True, min_width=max(len(score.edit) for score in report.edits))
    table = Table(edit, *judged, *seen, box=None, header_style="bold")
    for score in report.edits:
        table.add_row(score.edit, *_cells(score, judged=report.threshold <= 1))
    out.print(table)
    out.print(f"mean: the original comes first in [bold]{report.top1:.3f}[/] of the searches")
    if report.top1_views is not None:
        words = ", ".join(report.ways)
        out.print(f"with views ({words}): in [bold]{report.top1_views:.3f}[/]")
    if report.threshold <= 1:
        out.print(
            f"near duplicates from cosine {report.threshold:.3f} on; "
            f"{report.false_near_duplicates:.5%} of unrelated pairs reach it, "
            f"the most alike of them {report.unrelated.points[-1][1]:.3f}"
        )
    if (measured := report.measured) is not None:
        advice = "saved" if saved else "`--save` has searches go by it"
        out.print(f"these pictures call for {measured.near_duplicate:.3f}; {advice}")
        if measured.capped:
            out.print("[yellow]Many pictures are almost the same; no threshold parts them.[/]")
    out.print(
        f"[dim]{report.pictures:,} pictures, {report.probes:,} of them edited, "
        f"{report.unusable:,} files left out; {report.model_id}; seed {report.seed}[/]"
    )


def _cells(score: EditScore, *, judged: bool) -> list[str]:
    cells = [(score.top1, score.near_duplicate, score.cosine)]
    if score.top1_views is not None:
        assert score.near_duplicate_views is not None
        assert score.cosine_views is not None
        cells.append((score.top1_views, score.near_duplicate_views, score.cosine_views))
    return [
        text
        for top1, near, cosine in cells
        for text in (f"{top1:.3f}", f"{near:.3f}" if judged else "-", f"{cosine:.3f}")
    ]
