"""Every catalog among several processes: writers, collectors, leaders, and one opened again."""

import asyncio
from datetime import UTC, datetime

import pytest

from shared.catalog.open import open_catalog, open_reader
from shared.catalog.sql import SqlCatalog
from shared.errors import ConfigurationError
from shared.records import IndexedObject, MeasuredThreshold
from tests.contract.catalogs import MODEL, collect, image, keys, put, remove, settle, stat


async def test_two_writers_of_one_catalog_lose_nothing(catalog, other):
    async def write(writer: SqlCatalog, start: int) -> None:
        for batch in range(start, start + 100, 10):
            facts = [image(number % 70) for number in range(batch, batch + 10)]
            await writer.claim(facts)
            changes = [
                IndexedObject(stat(f"{batch + place}"), fact.image_id)
                for place, fact in enumerate(facts)
            ]
            assert await settle(writer, *changes) == set()

    starts = ((catalog, 0), (other, 0), (catalog, 50), (other, 100), (catalog, 100))
    await asyncio.gather(*(write(writer, start) for writer, start in starts))
    stats = await catalog.stats()
    assert (stats.objects, stats.images) == (200, 70)
    assert await collect(catalog, limit=100) == []


async def test_of_two_images_written_to_one_object_the_loser_is_collected(catalog, other):
    for number in range(10):
        names = [f"{number} left", f"{number} right"]
        await asyncio.gather(put(catalog, f"{number}", names[0]), put(other, f"{number}", names[1]))
    winners = {item.image_id for item in await catalog.page()}
    losers = set(await collect(catalog, limit=100))
    assert len(winners) == len(losers) == 10
    assert not winners & losers


async def test_collecting_and_recording_the_same_image_at_once_never_loses_a_vector(catalog, other):
    for number in range(20):
        facts = await put(catalog, f"{number}")
        await remove(catalog, f"{number}")
        gone, moved = await asyncio.gather(
            collect(other), settle(catalog, IndexedObject(stat(f"{number}"), facts.image_id))
        )
        assert gone == ([facts.image_id] if moved else [])
        assert list(await catalog.known_images([facts.image_id])) == [facts.image_id] * (not moved)


async def test_a_cancelled_write_is_whole_or_nothing_and_hurts_no_later_one(catalog):
    facts = [image(number) for number in range(300)]
    await catalog.claim(facts)
    items = [IndexedObject(stat(f"{n:03}"), fact.image_id) for n, fact in enumerate(facts)]
    for turns in range(0, 60, 5):
        task = asyncio.create_task(settle(catalog, *items))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await catalog.stats()).objects in (0, 300)
    await settle(catalog, *items)
    assert (await catalog.stats()).objects == 300


# Leases


async def test_one_leads_until_its_time_is_over_or_it_lets_go(catalog, other):
    assert await catalog.lead("reconcile", "one", 60)
    assert not await other.lead("reconcile", "two", 60)
    assert await other.lead("collect", "two", 60), "another task"
    assert await catalog.lead("reconcile", "one", 0.05), "renewed, for less"
    await asyncio.sleep(0.1)
    assert await other.lead("reconcile", "two", 60)
    assert not await catalog.lead("reconcile", "one", 0), "nothing to let go of"
    assert not await catalog.lead("reconcile", "one", 60)
    assert await other.lead("reconcile", "two", 0)
    assert await catalog.lead("reconcile", "one", 60)


async def test_of_many_that_ask_at_once_one_leads(catalog, other):
    for task in ("first", "second"):
        asked = [(catalog, other)[n % 2].lead(task, f"worker {n}", 60) for n in range(8)]
        assert sum(await asyncio.gather(*asked)) == 1


# Opening


async def test_what_was_recorded_is_there_when_the_catalog_is_opened_again(catalog, url):
    await put(catalog, "a")
    await catalog.close()
    again = await open_catalog(url, MODEL)
    assert await keys(again) == ["a"]
    await again.close()


async def test_another_models_catalog_is_refused_by_name(catalog, url):
    await catalog.claim([image("a")])
    for opening in (open_catalog, open_reader):
        for model in ("aaa", "resnet50-512-00000000"):
            with pytest.raises(ConfigurationError, match=f"of {MODEL}, not of {model}") as refused:
                await opening(url, model)
            assert refused.value.option == "SEENIT_MODEL"


async def test_who_has_no_model_at_hand_reads_with_the_catalogs_own(catalog, url):
    for images in (0, 1):
        reader = await open_reader(url)
        assert (await reader.stats()).images == images
        assert await keys(reader) == ["a"] * images
        await reader.close()
        await put(catalog, "a")


async def test_an_empty_catalog_may_be_opened_for_any_model(catalog, url):
    assert await catalog.page() == []
    another = await open_catalog(url, "resnet50-512-00000000")
    await another.close()


async def test_what_was_measured_with_a_model_is_told_until_it_is_measured_anew(catalog, url):
    assert await catalog.measured() is None
    first = MeasuredThreshold(0.71, 20_000, datetime(2026, 1, 1, tzinfo=UTC))
    second = MeasuredThreshold(
        0.645, 3_000_000_000, datetime(2026, 2, 1, microsecond=5, tzinfo=UTC)
    )
    for measured in (first, second):
        await catalog.calibrate(measured)
        assert await catalog.measured() == measured
    another = await open_catalog(url, "resnet50-512-00000000")
    assert await another.measured() is None
    await another.close()
    reader = await open_reader(url, MODEL)
    assert await reader.measured() == second
    await reader.close()
