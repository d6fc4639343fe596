"""Edits pictures of a folder and asks which original each edited copy finds."""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import numpy as np

from seenit.evaluation.edits import EDITS, Edit, edited_copies
from seenit.evaluation.report import Evaluation, Tally
from shared.digests import image_digest
from shared.errors import ConfigurationError, Rejected
from shared.images.views import Way
from shared.protocols import Embedder, Embeddings, Pixels

Decode = Callable[[bytes, tuple[Way, ...]], Pixels]
"""From a file's bytes to its views, RGB uint8 (n, 224, 224, 3), the whole first, as search decodes;
raises `Rejected`."""

Progress = Callable[[int, int], None]
"""Told how many steps are done and how many there are."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What copies are put to.

    Attributes:
        edits: what is done to the pictures.
        ways: the views beside the whole that the copies are looked at in.
        near_duplicate: the threshold to judge; None takes the model's own.
        probes: how many pictures are edited, drawn by the seed; all are looked among.
        seed: the die.
    """

    edits: Mapping[str, Edit] = field(default_factory=lambda: EDITS)
    ways: tuple[Way, ...] = ()
    near_duplicate: float | None = None
    probes: int = 200
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Original:
    path: Path
    digest: str
    embedding: Embeddings


def evaluate(
    folder: Path,
    embedder: Embedder,
    decode: Decode,
    *,
    trial: Trial = Trial(),
    progress: Progress | None = None,
) -> Evaluation:
    """Embed all pictures of `folder`, edit some in every way, and see what the copies find.

    Blocks; works on `embedder.parallel` pictures at once. The same seed makes the same edits.

    Args:
        folder: searched through with its subfolders; what is hidden is left out.
        embedder: the model to judge.
        decode: called from several threads.
        trial: what is done to the pictures and how it is judged.
        progress: a step is a picture embedded or a picture edited.

    Raises:
        ConfigurationError: there are fewer than two different pictures in the folder.
    """
    paths = _files(folder)
    steps = len(paths) + min(trial.probes, len(paths))
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, steps)

    originals: dict[str, _Original] = {}
    with ThreadPoolExecutor(embedder.parallel) as pool:
        for original in pool.map(lambda path: _original(path, embedder, decode), paths):
            if original is not None:
                originals.setdefault(original.digest, original)
            step()
        if len(originals) < 2:
            raise ConfigurationError("FOLDER", f"{folder} holds fewer than two different pictures")
        known = list(originals.values())
        own = trial.near_duplicate
        threshold = embedder.near_duplicate if own is None else own
        tally = Tally(np.stack([one.embedding for one in known]), embedder.model_id, threshold)
        die = Random(trial.seed)  # noqa: S311 - a die to be thrown again
        drawn = die.sample(range(len(known)), min(trial.probes, len(known)))
        copies = pool.map(lambda i: _copies(known[i], embedder, decode, trial), drawn)
        for i, embeddings in zip(drawn, copies, strict=True):
            tally.add(i, embeddings)
            step()
    return tally.report(
        edits=tuple(trial.edits),
        ways=trial.ways,
        seed=trial.seed,
        unusable=len(paths) - len(known),
    )


def _files(folder: Path) -> list[Path]:
    found = []
    for place, subfolders, names in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        found += [Path(place, name) for name in sorted(names) if not name.startswith(".")]
    return [path for path in found if path.is_file()]


def _original(path: Path, embedder: Embedder, decode: Decode) -> _Original | None:
    """Embed a file; None where it is no picture."""
    try:
        data = path.read_bytes()
        pixels = decode(data, ())
    except (OSError, Rejected):
        return None
    return _Original(path, image_digest(data), embedder.embed(pixels)[0])


def _copies(
    original: _Original, embedder: Embedder, decode: Decode, trial: Trial
) -> list[Embeddings]:
    """Embed all views of an original's edited copies, in the order of the edits."""
    seed = f"{trial.seed}:{original.digest}"
    copies = edited_copies(original.path.read_bytes(), seed, trial.edits)
    pixels = [decode(copy, trial.ways) for copy in copies]
    embedded = embedder.embed(np.concatenate(pixels))
    return np.split(embedded, np.cumsum([len(views) for views in pixels])[:-1])
