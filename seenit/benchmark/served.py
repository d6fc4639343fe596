"""A server to measure: real pictures, made known to it as ever, and as many made-up ones as asked.

The server is a process of its own, as in real life.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from seenit.benchmark.pictures import write_copies
from seenit.running import run
from shared.catalog.open import open_catalog
from shared.digests import image_digest
from shared.errors import SeenitError
from shared.protocols import Embedder
from shared.records import ImageFacts, IndexedObject, ObjectRef, ObjectStat
from shared.settings import PREFIX, Settings
from shared.vectors.open import open_index

BATCH = 500
MADE_UP = "made-up"
"""The bucket of images that no picture was made for."""

WIDTHS = 1000
"""Those are 1 to so many pixels wide, as many of each width, in no order that tells of likeness."""

_NOT_OURS = {
    f"{PREFIX}{name}": ""
    for name in (
        *("CATALOG_URL", "INDEX_URL", "SEARCH_USER"),  # a real Seenit's
        *("API_TOKENS", "RATE_LIMIT"),  # these would turn the measuring client away
    )
}
"""Settings that the measured server does not take over."""


def index_pictures(pictures: list[bytes], count: int, folder: Path) -> None:
    """Write `count` copies of the pictures into the folder, and have `seenit up` index them.

    Raises:
        SeenitError: it did not get there.
    """
    write_copies(pictures, count, folder)
    with _running("up", str(folder), "--data", str(_data(folder)), until="Ready"):
        pass


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run `seenit serve` on the folder; yields its address.

    Raises:
        SeenitError: it did not start.
    """
    place = "--folder", str(folder), "--data", str(_data(folder))
    with _running("serve", *place, until="http://") as line:
        yield line.split()[-1]


def settings_of(folder: Path, settings: Settings) -> Settings:
    """Tell the settings under which those servers run: the folder's, the model of `settings`."""
    state = {"data_dir": _data(folder), "catalog_url": "", "index_url": ""}
    return settings.model_copy(update={"storage_url": folder.as_uri(), **state})


def make_up(settings: Settings, embedder: Embedder, count: int) -> None:
    """Fill catalog and index with images that no picture was made for: real rows, random vectors.

    Random vectors lie about as far from all pictures as unrelated pictures do.
    """
    run(_make_up(settings, embedder, count))


async def _make_up(settings: Settings, embedder: Embedder, count: int) -> None:
    random = np.random.default_rng(0)
    catalog = await open_catalog(settings.resolved_catalog_url, embedder.model_id)
    model = embedder.model_id, embedder.dimension
    with closing(open_index(settings.resolved_index_url, *model)) as index:
        for start in range(0, count, BATCH):
            changes = [_made_up(n) for n in range(start, min(start + BATCH, count))]
            stats = {change.stat.ref: change.stat for change in changes}

            async def present(
                refs: Sequence[ObjectRef], stats: dict[ObjectRef, ObjectStat] = stats
            ) -> dict[ObjectRef, ObjectStat]:
                return {ref: stats[ref] for ref in refs}

            image_ids = [change.image_id for change in changes]
            vectors = random.standard_normal((len(changes), embedder.dimension), np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            widths = (1 + n % WIDTHS for n in range(start, start + len(changes)))
            images = zip(image_ids, widths, strict=True)
            await catalog.claim([ImageFacts(name, width, 480, "JPEG", 1) for name, width in images])
            index.upsert(image_ids, vectors)
            await catalog.record(changes, present)
    await catalog.close()


def _made_up(number: int) -> IndexedObject:
    ref = ObjectRef(MADE_UP, f"{number:07}.jpg")
    stat = ObjectStat(ref, size=1, etag=str(number), last_modified=datetime.now(UTC))
    return IndexedObject(stat, image_digest(ref.key_bytes))


def _data(folder: Path) -> Path:
    return folder / ".seenit"


@contextmanager
def _running(verb: str, *arguments: str, until: str) -> Iterator[str]:
    """Run a verb until the block is left; yields the first line that holds `until`."""
    command = [sys.executable, "-m", "seenit", verb, *arguments, "--port", "0"]
    environment = os.environ | _NOT_OURS
    with subprocess.Popen(  # noqa: S603 - ourselves
        command, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        try:
            line = next((line for line in process.stdout if until in line), None)
            if line is None:
                raise SeenitError(f"`seenit {verb}` did not start")
            yield line
        finally:
            process.terminate()
