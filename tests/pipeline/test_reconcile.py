"""Making the catalog agree with the folder; and what is never taken for a removal."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from prometheus_client import REGISTRY

from shared.catalog.open import open_catalog
from shared.digests import image_digest
from shared.errors import TransientError
from shared.records import ImageFacts, IndexedObject, ObjectRef, ObjectStat
from streams import repair
from streams.collector import collect
from streams.pages import PAGE
from streams.surveys import GUARD_FLOOR, Report
from tests.fakes import CutOff, ThumbnailEmbedder, as_said
from tests.pipeline.conftest import at_work, picture


async def reconcile(
    plant, *, force: bool = False, guard: float = 0.5, prefix: str = "", bucket: str | None = None
) -> Report:
    """Compare and mend, as `seenit reconcile` does."""
    reconciler, intake = plant.reconciler(guard), plant.intake()
    report = await reconciler.survey(bucket, prefix)
    async with at_work(intake):
        await reconciler.mend(report, intake, force=force)
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
    assert counts(await plant.reconciler().survey()) == (1, 0, 1, 2)
    assert REGISTRY.get_sample_value("seenit_drift_objects") == 2
    assert await plant.rows() == before


async def test_a_bucket_that_vanished_is_forgotten_and_one_with_a_strange_name_rejected(plant):
    (plant.root / "dogs").mkdir()
    (plant.root / "dogs/a.png").write_bytes(picture("blue"))
    await fill(plant, 3)
    shutil.rmtree(plant.root / "cats")
    (plant.root / "\udcff").mkdir()
    (plant.root / "\udcff/a.png").write_bytes(picture("red"))
    await reconcile(plant)
    rows = await plant.rows()
    assert sorted(rows) == ["dogs/a.png", "\udcff/a.png"]
    assert rows["\udcff/a.png"] == "bad_key"
    assert counts(await reconcile(plant)) == (0, 0, 0, 2)


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
    report = await reconcile(plant)
    assert "11 of 20 in cats" in report.question
    assert "seenit reconcile --force" in report.question
    assert REGISTRY.get_sample_value("seenit_held_back_objects") == 11
    rows = await plant.rows()
    assert len(rows) == 21, "nothing was removed, and what is new is indexed"
    await reconcile(plant, force=True)
    assert await plant.rows() == plant.on_disk()
    assert REGISTRY.get_sample_value("seenit_held_back_objects") == 0


@pytest.mark.parametrize(
    ("removed", "of", "share"),
    [(10, 20, 0.5), (GUARD_FLOOR - 1, 10, 0.0), (2, 2, 0.5), (5, 5, 1.0)],
)
async def test_as_many_removals_as_the_guard_allows_need_no_question(plant, removed, of, share):
    await fill(plant, of)
    for n in range(removed):
        (plant.root / f"cats/p{n:03}.png").unlink()
    await reconcile(plant, guard=share)
    assert len(await plant.rows()) == of - removed


@pytest.mark.parametrize("new", [{}, {"new_png": picture("white")}], ids=["emptied", "swapped"])
async def test_a_store_that_holds_nothing_of_what_it_held_is_asked_about_however_small(plant, new):
    await fill(plant, 3)
    for n in range(3):
        (plant.root / f"cats/p{n:03}.png").unlink()
    plant.write(**new)
    report = await reconcile(plant)
    assert report.held_back == {"cats": (3, 3)}
    assert len(await plant.rows()) == 3 + len(new)
    await reconcile(plant, force=True)
    assert await plant.rows() == plant.on_disk()


async def test_many_small_buckets_that_vanish_together_are_asked_about(plant):
    for n in range(7):
        (plant.root / f"album{n}").mkdir()
        for k in range(2):
            (plant.root / f"album{n}/p{k}.png").write_bytes(picture((n, k, 50)))
    await fill(plant, 1)
    for n in range(7):
        shutil.rmtree(plant.root / f"album{n}")
    report = await reconcile(plant)
    assert report.removals_held_back == 14
    assert report.question.startswith("2 of 2 in album0, ")
    assert "2 of 2 in album4, more in 2 other buckets are gone from the store" in report.question
    assert len(await plant.rows()) == 15


async def test_beside_a_bucket_that_is_held_back_small_removals_go_on(plant):
    (plant.root / "dogs").mkdir()
    for name in ("a", "b"):
        (plant.root / f"dogs/{name}.png").write_bytes(picture("blue"))
    await fill(plant, 20)
    for n in range(20):
        (plant.root / f"cats/p{n:03}.png").unlink()
    (plant.root / "dogs/a.png").unlink()
    report = await reconcile(plant)
    assert report.held_back == {"cats": (20, 20)}
    assert "dogs/a.png" not in await plant.rows()


async def test_what_vanishes_between_survey_and_feed_does_not_slip_by_the_guard(plant):
    await fill(plant, 20)
    (plant.root / "cats/p000.png").unlink()
    intake = plant.intake()
    reconciler = plant.reconciler()
    report = await reconciler.survey()
    assert report.question is None
    for n in range(1, 20):
        (plant.root / f"cats/p{n:03}.png").unlink()
    async with at_work(intake):
        await reconciler.mend(report, intake)
    assert report.held_back == {"cats": (20, 20)}
    assert len(await plant.rows()) == 10, "no more than the half that the guard allows"


async def test_a_listing_that_fails_half_way_removes_nothing(plant):
    await fill(plant, 6)
    before = await plant.rows()
    cut_off = plant.reconciler(1, store=CutOff(plant.store, "cats", after=3))
    with pytest.raises(TransientError):
        await cut_off.survey("cats")
    (plant.root / "cats/p000.png").unlink()
    (plant.root / "cats/p005.png").unlink()
    report = await plant.reconciler(1).survey()
    intake = plant.intake()
    async with at_work(intake):
        await cut_off.mend(report, intake)
    assert report.failed == {"cats": "store: the line is cut"}
    assert await plant.rows() == before


async def test_buckets_that_can_be_listed_do_not_wait_for_one_that_cannot(plant):
    await fill(plant, 6)
    (plant.root / "dogs").mkdir()
    (plant.root / "dogs/a.png").write_bytes(picture("red"))
    reconciler = plant.reconciler(store=CutOff(plant.store, "cats", after=3))
    report = await reconciler.survey()
    assert (set(report.buckets), set(report.failed)) == ({"dogs", "pictures"}, {"cats"})
    intake = plant.intake()
    async with at_work(intake):
        await reconciler.mend(report, intake)
    assert len(await plant.rows()) == 7


async def test_a_comparison_counts_as_one_only_where_all_could_be_listed(plant):
    def compared() -> float:
        return REGISTRY.get_sample_value("seenit_reconciled_timestamp_seconds")

    await fill(plant, 6)
    before = compared()
    assert abs(before - datetime.now(UTC).timestamp()) < 60
    (plant.root / "dogs").mkdir()
    await plant.reconciler(store=CutOff(plant.store, "cats", after=3)).survey()
    assert compared() == before
    await plant.reconciler().survey()
    assert compared() > before


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
        """It takes five events and then no more."""

        taken = 0

        async def offer(self, _):
            self.taken += 1
            if self.taken > 5:
                await asyncio.Event().wait()

    full = Full()
    reconciler = plant.reconciler(store=Counting())
    report = await reconciler.survey()
    assert listed == 50
    mending = asyncio.create_task(reconciler.mend(report, full))
    while full.taken < 6:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.001)
    assert not mending.done()
    assert listed <= 100
    mending.cancel()
    await asyncio.gather(mending, return_exceptions=True)


# Between catalog and index.


async def test_vectors_that_the_index_lost_are_made_anew_and_nothing_else_is_done(plant):
    await fill(plant, 8)
    rows, vectors = await plant.rows(), plant.vectors()
    plant.index.delete(sorted(vectors)[2:7])
    (plant.root / "cats/double.png").write_bytes((plant.root / "cats/p000.png").read_bytes())
    await reconcile(plant)
    plant.index.delete(sorted(vectors)[2:7])
    intake = plant.intake()
    report = await plant.reconciler().survey()
    assert (report.restored, report.drift) == (5, 5)
    async with at_work(intake):
        await plant.reconciler().mend(report, intake)
    assert plant.vectors() == vectors
    assert await plant.rows() == rows | {"cats/double.png": rows["cats/p000.png"]}
    assert (await plant.reconciler().survey()).drift == 0


async def test_a_repair_that_was_cut_off_goes_on_where_it_was(plant):
    await fill(plant, 4)
    vectors = plant.vectors()
    plant.index.delete(vectors)
    await plant.catalog.unindex(sorted(vectors)[:3])
    assert (await reconcile(plant)).restored == 4
    assert plant.vectors() == vectors


async def test_a_lost_vector_of_a_picture_that_is_gone_too_is_no_work(plant):
    await fill(plant, 2)
    (plant.root / "cats/p000.png").unlink()
    await reconcile(plant)
    plant.index.delete(plant.vectors())
    report = await reconcile(plant)
    assert report.restored == 1
    assert plant.vectors() == set(plant.on_disk().values())
    assert (await reconcile(plant)).drift == 0


async def test_a_lost_picture_that_came_to_be_no_longer_used_is_made_anew_when_it_comes_back(plant):
    await fill(plant, 2)
    data = (plant.root / "cats/p000.png").read_bytes()
    (plant.root / "cats/p000.png").unlink()
    await reconcile(plant)
    plant.index.delete(plant.vectors())
    await reconcile(plant)
    (plant.root / "cats/p000.png").write_bytes(data)
    await reconcile(plant)
    assert plant.vectors() == set(plant.on_disk().values())


async def test_vectors_of_no_picture_are_left_to_the_collector(plant):
    await fill(plant, 3)
    strange = {f"{n:064x}" for n in range(4)}
    plant.index.upsert(sorted(strange), np.eye(4, 512, dtype=np.float32))
    assert (await plant.reconciler().survey()).orphans == 4
    assert (await reconcile(plant)).orphans == 4
    assert await collect(plant.catalog, plant.index, timedelta(hours=1)) == 4
    assert plant.vectors() == set(plant.on_disk().values())
    assert (await reconcile(plant)).drift == 0


async def test_an_image_that_is_on_its_way_is_no_orphan(plant):
    await fill(plant, 3)
    image_id = "ab" * 32
    await plant.catalog.claim([ImageFacts(image_id, 10, 10, "PNG", 100)])
    plant.index.upsert([image_id], np.eye(1, 512, dtype=np.float32))
    report = await plant.reconciler().survey()
    assert (report.orphans, report.restored) == (0, 0)


async def test_very_many_vectors_of_no_picture_are_asked_about(plant):
    """As where two Seenits share one index by mistake."""
    await fill(plant, 3)
    strange = {f"{n:064x}" for n in range(15)}
    plant.index.upsert(sorted(strange), np.eye(15, 512, dtype=np.float32))
    report = await reconcile(plant)
    assert "15 of 18 vectors in the index" in report.remark
    assert (report.question, report.drift) == (None, 0)
    assert await collect(plant.catalog, plant.index, timedelta(0)) == 0
    await reconcile(plant, bucket="cats", force=True)
    assert await collect(plant.catalog, plant.index, timedelta(0)) == 0, "it looked at one bucket"
    assert (await reconcile(plant, force=True)).remark is None
    assert await collect(plant.catalog, plant.index, timedelta(0)) == 15


async def test_an_emptied_catalog_is_filled_again_and_no_vector_is_lost_or_left(plant):
    await fill(plant, 15)
    vectors = plant.vectors()
    empty = f"sqlite:///{plant.root.parent / 'empty.db'}"
    plant.catalog = await open_catalog(empty, ThumbnailEmbedder.model_id)
    plant.stack.push_async_callback(plant.catalog.close)
    (plant.root / "cats/p000.png").unlink()
    assert (await plant.reconciler().survey()).orphans == 15
    report = await reconcile(plant)
    assert (counts(report), report.orphans, report.remark) == ((14, 0, 0, 0), 1, None)
    assert await plant.rows() == plant.on_disk()
    assert await collect(plant.catalog, plant.index, timedelta(hours=1)) == 1
    assert plant.vectors() == vectors & set(plant.on_disk().values())


async def test_an_index_of_more_than_a_page_is_compared_in_full(plant):
    count = 2 * repair.PAGE + 5
    names = [f"{n:064x}" for n in range(count)]
    await plant.catalog.claim([ImageFacts(name, 10, 10, "PNG", 100) for name in names])
    await plant.catalog.record(
        changes := [
            IndexedObject(ObjectStat(ObjectRef("cats", name), 1, "e", datetime.now(UTC)), name)
            for name in names
        ],
        as_said(*changes),
    )
    held = await plant.reconciler().survey(bucket="none")
    assert held.restored == 0, "no object of that bucket"
    assert (await plant.reconciler(1).survey()).restored == count
