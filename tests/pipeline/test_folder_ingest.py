"""A folder kept in step: at the start, while it changes, and after what nobody noticed."""

import asyncio
import itertools
import shutil
import threading
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest

from shared.embedding.service import EmbeddingService
from shared.errors import TransientError
from shared.settings import Settings
from streams.folder_ingest import FolderIngest
from streams.parts import Parts
from streams.surveys import Report
from tests.fakes import CutOff, Faulty, ThumbnailEmbedder
from tests.pipeline.conftest import picture
from tests.system.running import PATIENCE_S


@pytest.fixture
def ingest(plant):
    """Makes an ingest over the plant's parts."""

    def make(**settings) -> FolderIngest:
        embedding = EmbeddingService(ThumbnailEmbedder())
        plant.stack.callback(embedding.close)
        intake = plant.intake()
        reconciler = plant.reconciler()
        parts = Parts(
            plant.store, plant.catalog, plant.index, plant.decoder, embedding, intake, reconciler
        )
        chosen = Settings(storage_url=plant.root.as_uri(), _env_file=None, **settings)
        return FolderIngest(parts, plant.store, chosen)

    return make


@asynccontextmanager
async def at_work(ingest: FolderIngest):
    """The ingest under way; yields what it told of its start."""
    caught_up: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(ingest.run(caught_up.set_result))
    try:
        yield caught_up
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(holds: Callable) -> None:
    while not await holds():  # noqa: ASYNC110 - files and rows tell nobody
        await asyncio.sleep(0.02)


async def test_it_catches_up_once_then_follows_what_changes(plant, ingest):
    plant.write(a_png=picture("red"), b_png=picture("blue"))
    work = ingest()
    async with at_work(work) as caught_up:
        assert (await caught_up).total("added") == 2
        assert await plant.rows() == plant.on_disk()
        assert (work.progress.total, work.progress.done, work.progress.active) == (2, 2, False)
        told = work.report()
        assert (told["done"], told["total"], told["waiting"]) == (2, 2, 0)
        assert told["freshness_s"] > 0
        plant.write(c_png=picture("white"))
        (plant.root / "cats/a.png").unlink()

        async def as_on_disk() -> bool:
            return await plant.rows() == plant.on_disk()

        await until(as_on_disk)


async def test_what_changed_while_it_did_not_run_is_found_at_the_next_start(plant, ingest):
    plant.write(a_png=picture("red"), b_png=picture("blue"))
    async with at_work(ingest()) as caught_up:
        await caught_up
    (plant.root / "cats/a.png").rename(plant.root / "cats/renamed.png")
    async with at_work(ingest()) as caught_up:
        report = await caught_up
    assert (report.total("added"), report.total("removed")) == (1, 1)
    assert await plant.rows() == plant.on_disk()


async def test_what_the_watch_cannot_name_is_found_by_a_comparison(plant, ingest):
    async with at_work(ingest()) as caught_up:
        await caught_up
        (plant.root / "\udcff.png").write_bytes(picture("red"))

        async def rejected() -> bool:
            return await plant.rows() == {"pictures/\udcff.png": "bad_key"}

        await until(rejected)


async def test_a_folder_that_is_away_for_a_while_loses_nothing_and_is_then_followed(plant, ingest):
    plant.write(a_png=picture("red"), b_png=picture("blue"))
    away = plant.root.parent / "away"
    async with at_work(ingest()) as caught_up:
        await caught_up
        plant.root.rename(away)
        await asyncio.sleep(0.5)
        assert len(await plant.rows()) == 2
        away.rename(plant.root)
        plant.write(c_png=picture("white"))

        async def as_on_disk() -> bool:
            return await plant.rows() == plant.on_disk()

        await until(as_on_disk)


async def test_a_folder_emptied_while_it_did_not_run_is_asked_about(plant, ingest, caplog):
    plant.write(**{f"p{n}_png": picture((n, 0, 0)) for n in range(12)})
    async with at_work(ingest()) as caught_up:
        await caught_up
    shutil.rmtree(plant.root / "cats")
    async with at_work(ingest()) as caught_up:
        assert (await caught_up).held_back == {"cats": (12, 12)}
    assert len(await plant.rows()) == 12
    assert "reconcile --force" in caplog.text


async def test_vectors_that_no_object_uses_are_collected_meanwhile(plant, ingest):
    plant.write(a_png=picture("red"))
    async with at_work(ingest(collect_grace_s=0)) as caught_up:
        await caught_up
        (plant.root / "cats/a.png").unlink()

        async def collected() -> bool:
            return plant.vectors() == set()

        await until(collected)
    assert await plant.rows() == {}


async def test_what_the_system_forgot_to_tell_is_found_by_the_next_comparison(
    plant, ingest, monkeypatch
):
    """As when more happens at once than the system keeps notes of."""

    async def deaf(*_, **__):
        while True:
            yield set()
            await asyncio.sleep(0.05)

    monkeypatch.setattr("streams.watcher.awatch", deaf)
    async with at_work(ingest(reconcile_s=1)) as caught_up:
        await caught_up
        plant.write(a_png=picture("red"))

        async def as_on_disk() -> bool:
            return await plant.rows() == plant.on_disk()

        await until(as_on_disk)


async def test_a_comparison_that_fails_is_made_again_before_it_says_ready(
    plant, ingest, monkeypatch, caplog
):
    monkeypatch.setattr("streams.folder_ingest.RETRY_S", 0.01)
    plant.write(a_png=picture("red"))
    plant.store = Faulty(plant.store, "buckets", "before", TransientError("store", "not now"))
    async with at_work(ingest()) as caught_up:
        assert (await caught_up).total("added") == 1
    assert "could not compare" in caplog.text
    assert await plant.rows() == plant.on_disk()


async def test_a_bucket_that_can_never_be_listed_does_not_keep_the_others_from_being_ready(
    plant, ingest, caplog
):
    plant.write(a_png=picture("red"))
    (plant.root / "dogs").mkdir()
    (plant.root / "dogs/a.png").write_bytes(picture("blue"))
    plant.store = CutOff(plant.store, "dogs", after=0)
    async with at_work(ingest()) as caught_up:
        assert (await caught_up).failed == {"dogs": "store: the line is cut"}
    assert list(await plant.rows()) == ["cats/a.png"]
    assert "dogs could not be compared" in caplog.text


async def test_it_becomes_ready_while_a_hundred_files_a_second_change(plant, ingest):
    plant.write(**{f"p{n}_png": picture((n, 0, 0)) for n in range(50)})
    stop = threading.Event()

    def change() -> None:
        for n in itertools.count():
            (plant.root / f"cats/moving{n % 150}.png").write_bytes(picture((n % 256, n // 256, 1)))
            if stop.wait(0.01):
                return

    changing = asyncio.create_task(asyncio.to_thread(change))
    try:
        async with at_work(ingest(reconcile_s=1)) as caught_up:
            async with asyncio.timeout(PATIENCE_S):
                report = await caught_up
                assert report.total("added") >= 50
                rows = await plant.rows()
            assert {f"cats/p{n}.png" for n in range(50)} <= rows.keys()
    finally:
        stop.set()
        await changing
