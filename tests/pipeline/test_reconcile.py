"""Making the catalog agree with the folder; and what is never taken for a removal."""

import asyncio
import shutil

import pytest
from prometheus_client import REGISTRY

from shared.digests import image_digest
from shared.errors import TransientError
from streams.intake import Intake
from streams.reconcile import GUARD_FLOOR, PAGE, Reconciler, Report, TooManyRemovals
from tests.fakes import FakeProcessor
from tests.pipeline.conftest import at_work, picture


async def reconcile(plant, *, force: bool = False, guard: float = 0.5, prefix: str = "") -> Report:
    """Compare, feed and process, as `seenit reconcile` does."""
    intake = plant.intake()
    reconciler = plant.reconciler(intake, guard)
    report = await reconciler.survey(prefix=prefix)
    try:
        await reconciler.feed(report, prefix, force=force)
    finally:
        async with at_work(intake):
            pass
    return report


def counts(report: Report) -> tuple[int, int, int, int]:
    names = ("added", "changed", "removed", "unchanged")
    return tuple(report.total(name) for name in names)


async def fill(plant, count: int) -> None:
    plant.write(**{f"p{n:03}_png": picture((n, 50, 50)) for n in range(count)})
    await reconcile(plant)


async def test_a_full_folder_is_indexed_and_then_there_is_nothing_to_do(plant):
    plant.write(a_png=picture("red"), b_png=picture("blue"))
    assert counts(await reconcile(plant)) == (2, 0, 0, 0)
    assert await plant.rows() == plant.on_disk()
    assert counts(await reconcile(plant)) == (0, 0, 0, 2)


async def test_what_was_added_changed_and_removed_meanwhile_is_found(plant):
    await fill(plant, 5)
    (plant.root / "cats/p000.png").unlink()
    plant.write(p001_png=picture("white"), new_png=picture("black"))
    (plant.root / "cats/p002.png").rename(plant.root / "cats/renamed.png")
    assert counts(await reconcile(plant)) == (2, 1, 2, 2)
    assert await plant.rows() == plant.on_disk()


async def test_a_survey_changes_nothing(plant):
    await fill(plant, 3)
    (plant.root / "cats/p000.png").unlink()
    plant.write(new_png=picture("black"))
    before = await plant.rows()
    processor = FakeProcessor()
    intake = Intake(processor, batch_size=1, batch_age_s=0)
    assert counts(await plant.reconciler(intake).survey()) == (1, 0, 1, 2)
    assert REGISTRY.get_sample_value("seenit_drift_objects") == 2
    async with at_work(intake):
        pass
    assert (await plant.rows(), processor.batches) == (before, [])


async def test_a_bucket_that_vanished_is_forgotten_and_one_with_a_strange_name_rejected(plant):
    await fill(plant, 3)
    shutil.rmtree(plant.root / "cats")
    (plant.root / "\udcff").mkdir()
    (plant.root / "\udcff/a.png").write_bytes(picture("red"))
    await reconcile(plant)
    assert await plant.rows() == {"\udcff/a.png": "bad_key"}
    assert counts(await reconcile(plant)) == (0, 0, 0, 1)


async def test_only_what_begins_with_the_prefix_is_compared(plant):
    await fill(plant, 3)
    for name in ("p000.png", "p001.png"):
        (plant.root / "cats" / name).unlink()
    assert counts(await reconcile(plant, prefix="p000")) == (0, 0, 1, 0)
    assert sorted(await plant.rows()) == ["cats/p001.png", "cats/p002.png"]


async def test_more_removals_than_the_guard_allows_stop_and_ask(plant):
    await fill(plant, 20)
    for n in range(11):
        (plant.root / f"cats/p{n:03}.png").unlink()
    plant.write(new_png=picture("white"))
    with pytest.raises(TooManyRemovals, match="11 of 20 in cats"):
        await reconcile(plant)
    rows = await plant.rows()
    assert len(rows) == 21, "nothing was removed, and what is new is indexed"
    await reconcile(plant, force=True)
    assert await plant.rows() == plant.on_disk()


@pytest.mark.parametrize(("removed", "of", "share"), [(10, 20, 0.5), (GUARD_FLOOR - 1, 9, 0.0)])
async def test_as_many_removals_as_the_guard_allows_need_no_question(plant, removed, of, share):
    await fill(plant, of)
    for n in range(removed):
        (plant.root / f"cats/p{n:03}.png").unlink()
    await reconcile(plant, guard=share)
    assert len(await plant.rows()) == of - removed


async def test_what_vanishes_between_survey_and_feed_does_not_slip_by_the_guard(plant):
    await fill(plant, 20)
    (plant.root / "cats/p000.png").unlink()
    intake = plant.intake()
    reconciler = plant.reconciler(intake)
    report = await reconciler.survey()
    for n in range(1, 20):
        (plant.root / f"cats/p{n:03}.png").unlink()
    with pytest.raises(TooManyRemovals):
        await reconciler.feed(report)
    async with at_work(intake):
        pass
    assert len(await plant.rows()) == 10, "no more than the half that the guard allows"


class CutOff:
    """A store whose listing breaks off in the middle."""

    def __init__(self, store) -> None:
        self._store = store

    def buckets(self):
        return self._store.buckets()

    def list(self, bucket, prefix=""):
        for n, stat in enumerate(self._store.list(bucket, prefix)):
            if n == 3:
                raise TransientError("store", "the line is cut")
            yield stat


async def test_a_listing_that_fails_half_way_removes_nothing(plant):
    await fill(plant, 6)
    before = await plant.rows()
    intake = plant.intake()
    cut_off = Reconciler(CutOff(plant.store), plant.catalog, intake, guard=1)
    report = await plant.reconciler().survey()
    report.buckets["cats"].removed = 1  # so that it is compared again
    for attempt in (cut_off.survey(), cut_off.feed(report)):
        with pytest.raises(TransientError):
            await attempt
    async with at_work(intake):
        pass
    assert await plant.rows() == before


async def test_a_folder_that_is_not_there_removes_nothing(plant):
    await fill(plant, 3)
    before = await plant.rows()
    plant.root.rename(plant.root.parent / "elsewhere")
    with pytest.raises(TransientError):
        await reconcile(plant, force=True)
    assert await plant.rows() == before


async def test_more_than_a_page_is_compared_in_full(plant):
    data = picture("red")
    plant.write(**{f"p{n:05}_png": data for n in range(PAGE + 5)})
    assert counts(await reconcile(plant)) == (PAGE + 5, 0, 0, 0)
    assert counts(await reconcile(plant)) == (0, 0, 0, PAGE + 5)
    assert plant.vectors() == {image_digest(data)}


async def test_it_waits_where_the_intake_is_full_and_holds_no_list_of_differences(plant):
    plant.write(**{f"p{n:04}_png": b"x" for n in range(50)})
    listed = 0

    class Counting:
        def buckets(self):
            return plant.store.buckets()

        def list(self, bucket, prefix=""):
            nonlocal listed
            for stat in plant.store.list(bucket, prefix):
                listed += 1
                yield stat

    class Full:
        """An intake that takes five events and then no more."""

        taken = 0

        async def offer(self, _):
            self.taken += 1
            if self.taken > 5:
                await asyncio.Event().wait()

    intake = Full()
    reconciler = Reconciler(Counting(), plant.catalog, intake, guard=0.5)
    report = await reconciler.survey()
    assert listed == 50
    feeding = asyncio.create_task(reconciler.feed(report))
    while intake.taken < 6:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.001)
    assert not feeding.done()
    assert listed <= 100
    feeding.cancel()
    await asyncio.gather(feeding, return_exceptions=True)
