"""The writing side on its real parts, but for the model: a folder, SQLite, decoding processes."""

import asyncio
import io
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import stamina
from PIL import Image

from shared.catalog.open import open_catalog
from shared.catalog.sql import SqlCatalog
from shared.digests import image_digest
from shared.embedding.service import EmbeddingService
from shared.images.decoder import Decoder
from shared.records import Event, ObjectRef, Outcome
from shared.storage.folder import FolderStore
from shared.vectors.exact import ExactIndex
from shared.vectors.open import open_index
from streams.batches import Processed
from streams.bisection import Bisection
from streams.intake import Intake
from streams.pipeline import Pipeline
from streams.reconcile import Reconciler
from tests.fakes import ThumbnailEmbedder


@pytest.fixture(autouse=True)
def _retries_do_not_wait():
    with stamina.set_testing(True, attempts=1000):
        yield


def picture(colour: str | tuple[int, int, int], size: tuple[int, int] = (24, 16)) -> bytes:
    target = io.BytesIO()
    drawn = Image.new("RGB", size, colour)
    drawn.putpixel((0, 0), (0, 255, 0))
    drawn.save(target, "PNG")
    return target.getvalue()


@dataclass
class Plant:
    """The parts, and pipelines over them; a part may be stood in for by another."""

    root: Path
    store: FolderStore
    catalog: SqlCatalog
    index: ExactIndex
    decoder: Decoder
    stack: AsyncExitStack

    def pipeline(self, **others) -> Pipeline:
        parts = {name: getattr(self, name) for name in ("store", "catalog", "index", "decoder")}
        embedding = EmbeddingService(others.pop("embedder", ThumbnailEmbedder()))
        self.stack.callback(embedding.close)
        made = Pipeline(**(parts | others), embedding=embedding, max_bytes=10**6)
        return self.stack.enter_context(closing(made))

    def intake(self, **others) -> Intake:
        return Intake(Bisection(self.pipeline(**others)), batch_size=64, batch_age_s=0.001)

    def reconciler(self, guard: float = 0.5, **others) -> Reconciler:
        parts = {name: getattr(self, name) for name in ("store", "catalog", "index")}
        return Reconciler(**(parts | others), guard=guard)

    def write(self, **files: bytes) -> None:
        """Write files of the bucket `cats`; a name's `_` stands for its dot."""
        (self.root / "cats").mkdir(exist_ok=True)
        for name, data in files.items():
            (self.root / "cats" / name.replace("_", ".")).write_bytes(data)

    def events(self, *names: str, **more) -> list[Event]:
        return [Event(ObjectRef("cats", name), 0.0, **more) for name in names]

    async def rows(self) -> dict[str, str]:
        """What the catalog holds: per path the image or the reason."""
        rows = await self.catalog.page(limit=10**6)
        return {
            f"{row.stat.ref.bucket}/{row.stat.ref.key}": str(row.image_id or row.reason)
            for row in rows
        }

    def vectors(self) -> set[str]:
        return set(self.index.ids())

    def on_disk(self) -> dict[str, str]:
        """What the catalog should hold, by the judgement of the folder alone."""
        return {
            f"cats/{path.name}": image_digest(path.read_bytes())
            for path in (self.root / "cats").iterdir()
        }


@pytest.fixture(scope="module")
def decoder():
    made = Decoder(processes=1)
    yield made
    asyncio.run(made.aclose())


@pytest.fixture
async def plant(tmp_path, decoder):
    root = tmp_path / "root"
    root.mkdir()
    url = f"sqlite:///{tmp_path / 'state.db'}"
    async with AsyncExitStack() as stack:
        catalog = await open_catalog(url, ThumbnailEmbedder.model_id)
        stack.push_async_callback(catalog.close)
        index = stack.enter_context(closing(open_index(url, ThumbnailEmbedder.model_id, 512)))
        yield Plant(root, FolderStore(root), catalog, index, decoder, stack)


@asynccontextmanager
async def at_work(intake: Intake):
    """An intake that processes as long as the block lasts, and is idle at its end."""
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(intake.run())
        yield
        await intake.idle()
        task.cancel()


def outcomes(processed: Processed) -> dict[str, Outcome]:
    assert len({each.event for each in processed.settled}) == len(processed.settled)
    return {each.event.ref.key: each.outcome for each in processed.settled}
