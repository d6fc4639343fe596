"""`seenit evaluate`: how often an edited copy finds its original, per kind of edit."""

import asyncio
import dataclasses
from contextlib import closing
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from rich.table import Table

from seenit import bars, options
from seenit.console import notes, out, print_json, told_plainly
from seenit.evaluation.evaluate import evaluate as measure
from seenit.evaluation.report import Evaluation
from seenit.running import run
from shared.embedding.load import load_embedder
from shared.images.decoder import Decoder
from shared.images.limits import Limits
from shared.settings import Settings


def evaluate(
    folder: Annotated[Path, typer.Argument(help="A folder of pictures of the kind you search.")],
    probes: Annotated[int, typer.Option(min=1, help="How many of them are edited.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed draws the same edits.")] = 0,
    *,
    as_json: options.AsJson = False,
) -> None:
    """Edit pictures in every way that they meet on the net, and see whether search finds them."""
    with told_plainly():
        settings = options.settings_for()
        report = run(_evaluate(settings, folder.expanduser(), probes, seed))
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        _show(report)


async def _evaluate(settings: Settings, folder: Path, probes: int, seed: int) -> Evaluation:
    with notes.status("Loading the model"):
        embedder = await asyncio.to_thread(load_embedder, settings)
    limits = Limits(settings.max_pixels, settings.decode_timeout_s, settings.decode_memory)
    loop = asyncio.get_running_loop()
    with closing(Decoder(embedder.parallel, limits)) as decoder, bars.bar() as bar:
        task = bar.add_task("Evaluating", total=None)

        def decode(data: bytes) -> NDArray[np.uint8]:
            return asyncio.run_coroutine_threadsafe(decoder.decode(data), loop).result().pixels

        return await asyncio.to_thread(
            lambda: measure(
                folder,
                embedder,
                decode,
                probes=probes,
                seed=seed,
                progress=lambda done, steps: bar.update(task, completed=done, total=steps),
            )
        )


def _show(report: Evaluation) -> None:
    table = Table(
        "edit", "original first", "near duplicate", "median cosine", box=None, header_style="bold"
    )
    for score in report.edits:
        near = f"{score.near_duplicate:.3f}" if report.threshold <= 1 else "-"
        table.add_row(score.edit, f"{score.top1:.3f}", near, f"{score.cosine:.3f}")
    out.print(table)
    out.print(f"mean: the original comes first in [bold]{report.top1:.3f}[/] of the searches")
    if report.threshold <= 1:
        out.print(
            f"near duplicates from cosine {report.threshold:.3f} on; "
            f"{report.false_near_duplicates:.5%} of unrelated pairs reach it"
        )
    out.print(
        f"[dim]{report.pictures:,} pictures, {report.probes:,} of them edited, "
        f"{report.unusable:,} files left out; {report.model_id}; seed {report.seed}[/]"
    )
