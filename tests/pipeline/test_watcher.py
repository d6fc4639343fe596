"""What the system says of a folder becomes events of the right objects."""

import asyncio
import logging
import os
import shutil

import pytest

from shared.errors import TransientError
from shared.records import Event, ObjectRef, Outcome
from shared.storage.folder import FolderStore
from streams import watcher as page
from streams.intake import Intake
from streams.watcher import Watcher
from tests.fakes import FakeProcessor
from tests.pipeline.conftest import outcomes, picture

DATA = picture("red")


class Watched:
    """A folder under watch; what was noticed of it."""

    def __init__(self, plant) -> None:
        self.root = plant.root
        self.plant = plant
        self.processor = FakeProcessor()
        self.intake = Intake(self.processor, batch_size=1024, batch_age_s=0)
        self.watcher = Watcher(plant.store, plant.catalog, self.intake)
        self.tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        runs = (self.watcher.run(), self.intake.run())
        self.tasks += [asyncio.create_task(run) for run in runs]
        await self.watcher.watching.wait()

    async def notices(self, *places: str) -> None:
        """Wait until each `bucket/key` was looked at at least once since the last call."""
        wanted = {ObjectRef(*place.split("/", 1)) for place in places}
        while not wanted <= set(self.processor.seen):  # noqa: ASYNC110 - the system tells nobody
            await asyncio.sleep(0.01)
        self.processor.batches.clear()

    async def known(self, *places: str) -> None:
        """Have files already in the folder and in the catalog."""
        for place in places:
            path = self.root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(DATA)
        stats = [
            stat for name in self.plant.store.buckets() for stat in self.plant.store.list(name)
        ]
        events = [type(self.plant.events("x")[0])(stat.ref, 0.0) for stat in stats]
        await self.plant.pipeline().process(events)


@pytest.fixture
async def watched(plant):
    folder = Watched(plant)
    (folder.root / "cats/deep").mkdir(parents=True)
    yield folder
    for task in folder.tasks:
        task.cancel()
    await asyncio.gather(*folder.tasks, return_exceptions=True)


async def test_new_written_renamed_and_removed_files_are_noticed(watched):
    await watched.start()
    path = watched.root / "cats/a.png"
    path.write_bytes(DATA)
    (watched.root / "top.png").write_bytes(DATA)
    await watched.notices("cats/a.png", "pictures/top.png")
    with path.open("ab") as file:
        file.write(b"more")
    await watched.notices("cats/a.png")
    path.rename(watched.root / "cats/deep/b.png")
    await watched.notices("cats/a.png", "cats/deep/b.png")
    shutil.copy(watched.root / "cats/deep/b.png", watched.root / "top.png")
    await watched.notices("pictures/top.png")
    (watched.root / "cats/deep/b.png").unlink()
    await watched.notices("cats/deep/b.png")
    path.symlink_to("../top.png")
    await watched.notices("cats/a.png")
    os.setxattr(watched.root / "top.png", "user.seenit.key", b"sku")
    await watched.notices("pictures/top.png")


async def test_a_tree_that_is_moved_in_is_noticed_with_all_it_holds(watched, tmp_path):
    await watched.start()
    for name in ("a.png", "one/b.png", "one/two/c.png"):
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_bytes(DATA)
    shutil.copytree(tmp_path / "tree", tmp_path / "second")
    shutil.copytree(tmp_path / "tree", tmp_path / "third")
    (tmp_path / "tree").rename(watched.root / "dogs")
    (tmp_path / "second").rename(watched.root / "cats/deep/er")
    (tmp_path / "third").rename(watched.root / "pictures")
    await watched.notices(
        *("dogs/a.png", "dogs/one/b.png", "dogs/one/two/c.png"),
        *("cats/deep/er/a.png", "cats/deep/er/one/two/c.png"),
        *("pictures/pictures/a.png", "pictures/pictures/one/b.png"),
    )
    (watched.root / "dogs/one/two/later.png").write_bytes(DATA)
    await watched.notices("dogs/one/two/later.png")


async def test_a_tree_that_is_copied_in_is_noticed_with_all_it_holds(watched):
    await watched.start()
    places = [f"dogs/{n % 7}/{n % 3}/{n}.png" for n in range(300)]
    for place in places:
        (watched.root / place).parent.mkdir(parents=True, exist_ok=True)
        (watched.root / place).write_bytes(DATA)
    await watched.notices(*places)


async def test_a_folder_that_is_renamed_is_looked_at_under_both_names(watched):
    await watched.known("cats/deep/a.png", "cats/deep/er/b.png", "pictures/c.png")
    await watched.start()
    (watched.root / "cats/deep").rename(watched.root / "cats/shallow")
    (watched.root / "pictures").rename(watched.root / "dogs")
    await watched.notices(
        *("cats/deep/a.png", "cats/deep/er/b.png", "cats/shallow/a.png", "cats/shallow/er/b.png"),
        *("pictures/pictures/c.png", "dogs/c.png"),
    )
    (watched.root / "cats/shallow/er/new.png").write_bytes(DATA)
    await watched.notices("cats/shallow/er/new.png")


async def test_a_folder_that_is_moved_out_or_removed_is_noticed_with_all_it_held(watched, tmp_path):
    await watched.known("cats/deep/a.png", "cats/deep/er/b.png", "dogs/c.png", "dogs/d/e.png")
    await watched.start()
    (watched.root / "cats/deep").rename(tmp_path / "out")
    shutil.rmtree(watched.root / "dogs")
    await watched.notices("cats/deep/a.png", "cats/deep/er/b.png", "dogs/c.png", "dogs/d/e.png")


async def test_a_folder_that_another_takes_the_place_of_is_noticed_with_what_both_hold(
    watched, tmp_path
):
    await watched.known("cats/deep/old.png")
    await watched.start()
    (tmp_path / "other").mkdir()
    (tmp_path / "other/new.png").write_bytes(DATA)
    (watched.root / "cats/deep").rename(tmp_path / "out")
    (tmp_path / "other").rename(watched.root / "cats/deep")
    await watched.notices("cats/deep/old.png", "cats/deep/new.png")


async def test_two_thousand_files_at_once_are_all_noticed(watched):
    await watched.start()
    names = [f"{n}.png" for n in range(2000)]
    await asyncio.to_thread(
        lambda: [(watched.root / "cats" / name).write_bytes(DATA) for name in names]
    )
    await watched.notices(*(f"cats/{name}" for name in names))


async def test_neither_seenits_own_files_nor_those_below_linked_folders_are_noticed(
    watched, tmp_path
):
    (tmp_path / "outside").mkdir()
    (watched.root / "linked").symlink_to(tmp_path / "outside")
    (watched.root / ".seenit").mkdir()
    await watched.start()
    (watched.root / ".seenit/catalog.db").write_bytes(DATA)
    (tmp_path / "outside/a.png").write_bytes(DATA)
    (watched.root / "cats/b.png").write_bytes(DATA)
    await watched.notices("cats/b.png")
    outside = ObjectRef("linked", "a.png")
    assert ".seenit" not in {ref.bucket for ref in watched.processor.seen}
    processed = await watched.plant.pipeline().process([Event(outside, 0.0)])
    assert outcomes(processed) == {"a.png": Outcome.REMOVED}, "noticed or not, it is none of ours"


async def test_a_folder_taken_away_is_waited_for_and_the_new_one_watched(watched, caplog):
    await watched.start()
    watched.watcher.missed.clear()
    shutil.rmtree(watched.root)
    while watched.watcher.watching.is_set():  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    assert not watched.watcher.missed.is_set()
    (watched.root / "cats").mkdir(parents=True)
    await watched.watcher.missed.wait()
    (watched.root / "cats/a.png").write_bytes(DATA)
    await watched.notices("cats/a.png")
    assert "taken away" in caplog.text


async def test_a_folder_exchanged_for_another_is_watched(watched, tmp_path):
    await watched.start()
    watched.watcher.missed.clear()
    watched.root.rename(tmp_path / "old")
    (watched.root / "cats").mkdir(parents=True)
    await watched.watcher.missed.wait()
    (watched.root / "cats/a.png").write_bytes(DATA)
    await watched.notices("cats/a.png")


async def test_where_the_system_cannot_watch_it_looks_around(watched, monkeypatch, caplog):
    real = page.awatch

    def without_watches(*arguments, force_polling=None, **named):
        if not force_polling:
            raise OSError("OS file watch limit reached")
        return real(*arguments, force_polling=force_polling, **named)

    monkeypatch.setattr(page, "awatch", without_watches)
    with caplog.at_level(logging.WARNING):
        await watched.start()
    assert "looking around" in caplog.text
    (watched.root / "cats/a.png").write_bytes(DATA)
    await watched.notices("cats/a.png")


async def test_a_name_that_is_not_utf8_leads_to_a_comparison_and_the_watch_goes_on(watched):
    await watched.start()
    watched.watcher.missed.clear()
    (watched.root / "cats/\udcff.png").write_bytes(DATA)
    await watched.watcher.missed.wait()
    (watched.root / "cats/a.png").write_bytes(DATA)
    await watched.notices("cats/a.png")


async def test_a_tree_that_cannot_be_listed_now_is_left_to_a_comparison(watched, tmp_path):
    class Unlisted(FolderStore):
        def list(self, *_):
            raise TransientError("store", "not now")

    watched.watcher = Watcher(Unlisted(watched.root), watched.plant.catalog, watched.intake)
    await watched.start()
    watched.watcher.missed.clear()
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree").rename(watched.root / "dogs")
    await watched.watcher.missed.wait()
