"""Vectors that no object uses: deleted after a while, safely."""

from datetime import timedelta

import pytest

from shared.digests import image_digest
from streams.collector import BATCH, collect
from tests.fakes import Faulty
from tests.pipeline.conftest import picture

AT_ONCE = timedelta(seconds=-10)
LATER = timedelta(hours=1)
RED, BLUE = picture("red"), picture("blue")


async def orphan(plant, *datas: bytes) -> None:
    """Index pictures, then remove their files."""
    pipeline = plant.pipeline()
    names = [f"orphan{n}.png" for n in range(len(datas))]
    plant.write(**dict(zip((n.replace(".", "_") for n in names), datas, strict=True)))
    await pipeline.process(plant.events(*names))
    for name in names:
        (plant.root / "cats" / name).unlink()
    await pipeline.process(plant.events(*names))


async def test_only_what_no_object_uses_goes_and_only_after_its_grace(plant):
    plant.write(kept_png=BLUE)
    await plant.pipeline().process(plant.events("kept.png"))
    await orphan(plant, RED, BLUE)
    assert await collect(plant.catalog, plant.index, LATER) == 0
    assert plant.vectors() == {image_digest(RED), image_digest(BLUE)}
    assert await collect(plant.catalog, plant.index, AT_ONCE) == 1
    assert plant.vectors() == {image_digest(BLUE)}
    assert await collect(plant.catalog, plant.index, AT_ONCE) == 0


async def test_more_than_one_batch_is_collected_in_full(plant, monkeypatch):
    monkeypatch.setattr("streams.collector.BATCH", 2)
    await orphan(plant, *(picture((n, 0, 90)) for n in range(5)))
    assert await collect(plant.catalog, plant.index, AT_ONCE) == 5
    assert plant.vectors() == set()
    assert BATCH > 2


async def test_an_image_that_is_used_again_in_time_stays(plant):
    await orphan(plant, RED)
    plant.write(back_png=RED)
    await plant.pipeline().process(plant.events("back.png"))
    assert await collect(plant.catalog, plant.index, AT_ONCE) == 0
    assert plant.vectors() == {image_digest(RED)}


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("part", "method"),
    [("catalog", "collect"), ("index", "delete")],
)
async def test_a_collection_that_was_cut_short_is_finished_by_the_next(plant, part, method, when):
    await orphan(plant, RED)
    parts = {"catalog": plant.catalog, "index": plant.index}
    parts[part] = Faulty(parts[part], method, when, Crash())
    with pytest.raises(Crash):
        await collect(parts["catalog"], parts["index"], AT_ONCE)
    await collect(plant.catalog, plant.index, AT_ONCE)
    assert plant.vectors() == set()
    plant.write(back_png=RED)
    await plant.pipeline().process(plant.events("back.png"))
    assert await plant.rows() == plant.on_disk(), "no mark stayed behind"


async def test_bytes_that_come_back_after_a_cut_short_collection_are_indexed_in_the_end(plant):
    await orphan(plant, RED)
    with pytest.raises(Crash):
        await collect(plant.catalog, Faulty(plant.index, "delete", "after", Crash()), AT_ONCE)
    plant.write(back_png=RED)
    pipeline = plant.pipeline()
    processed = await pipeline.process(plant.events("back.png"))
    assert [event.ref.key for event in processed.again] == ["back.png"]
    await collect(plant.catalog, plant.index, LATER)
    await pipeline.process(processed.again)
    assert await plant.rows() == plant.on_disk()
    assert plant.vectors() == {image_digest(RED)}
