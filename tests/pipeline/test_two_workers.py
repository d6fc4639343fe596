"""Two workers on one store, one catalog and one index; one is stopped at each step in turn.

Whatever the other does meanwhile, and in whatever order they go on, the catalog says in the end
what the store says, and the index holds every picture.
"""

import asyncio
from contextlib import AsyncExitStack, closing
from datetime import timedelta

import pytest

from shared.catalog.open import open_catalog
from shared.digests import image_digest
from shared.storage.folder import FolderStore
from shared.vectors.open import open_index
from streams.collector import collect
from streams.pipeline import Pipeline
from tests.fakes import Stopped, ThumbnailEmbedder
from tests.pipeline.conftest import Plant, outcomes, picture
from tests.system.running import PATIENCE_S

AT_ONCE = timedelta(seconds=-10)

NAMES = ("overwritten", "returned", "broken", "removed", "put-back")
FIRST, SECOND, THIRD = (
    {name: picture((shade, 40 * n, 99)) for n, name in enumerate(NAMES)} for shade in (0, 90, 180)
)

STOPS = [
    ("catalog", "known", 1),
    ("store", "stat", 1),
    ("store", "read", 1),
    ("catalog", "known_images", 1),
    ("catalog", "claim", 1),
    ("index", "upsert", 1),
    ("store", "stat", len(NAMES) + 1),  # under the lock, where a look came before
    ("catalog", "record", 1),
]


@pytest.fixture(params=["sqlite", "mysql"])
async def workers(request, tmp_path, decoder):
    """The same parts twice, as two processes have them."""
    root = tmp_path / "root"
    root.mkdir()
    files = f"sqlite:///{tmp_path / 'state.db'}"
    server = request.param == "mysql"
    url = request.getfixturevalue("mysql_database_url") if server else files
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(2):
            catalog = await open_catalog(url, ThumbnailEmbedder.model_id)
            stack.push_async_callback(catalog.close)
            index = stack.enter_context(closing(open_index(files, ThumbnailEmbedder.model_id, 512)))
            made.append(Plant(root, FolderStore(root), catalog, index, decoder, stack))
        yield made


def put(plant: Plant, **files: bytes) -> None:
    plant.write(**{f"{name}_png": data for name, data in files.items()})


async def settle(plant: Plant, pipeline: Pipeline, *names: str) -> None:
    """Process until nothing is to be looked at again, as the intake does."""
    events = plant.events(*(f"{name}.png" for name in names), size=100)
    while events:
        events = (await pipeline.process(events)).again
        await asyncio.sleep(0.01)


async def meanwhile(plant: Plant) -> None:
    """All that can happen to objects while another worker is at them."""
    pipeline = plant.pipeline()
    put(plant, overwritten=THIRD["overwritten"], returned=FIRST["returned"], broken=b"no picture")
    for name in ("removed", "put-back"):
        (plant.root / f"cats/{name}.png").unlink()
    await settle(plant, pipeline, *NAMES)
    await collect(plant.catalog, plant.index, AT_ONCE)
    put(plant, **{"put-back": SECOND["put-back"], "twin": SECOND["overwritten"]})
    await settle(plant, pipeline, "put-back", "twin")


@pytest.mark.parametrize("before", ["unknown", "known"])
@pytest.mark.parametrize(("part", "method", "call"), STOPS)
async def test_a_worker_stopped_at_a_step_leaves_no_stale_row(workers, part, method, call, before):
    one, two = workers
    if before == "known":
        put(one, **FIRST)
        await settle(one, one.pipeline(), *NAMES)
    put(one, **SECOND)
    stop = Stopped(getattr(one, part), method, call if before == "known" else 1)
    stopped = asyncio.create_task(settle(one, one.pipeline(**{part: stop}), *NAMES))
    assert await asyncio.to_thread(stop.reached.wait, PATIENCE_S)
    other = asyncio.create_task(meanwhile(two))
    await asyncio.wait([other], timeout=1.5)  # it may have to wait for the stopped one's locks
    stop.go_on.set()
    await asyncio.gather(stopped, other)

    expected = {
        f"cats/{name}.png": image_digest(data)
        for name, data in {
            "overwritten": THIRD["overwritten"],
            "returned": FIRST["returned"],
            "put-back": SECOND["put-back"],
            "twin": SECOND["overwritten"],
        }.items()
    }
    assert await two.rows() == expected | {"cats/broken.png": "not_a_picture"}
    assert two.vectors() >= set(expected.values())
    # A vector written so late that its row was gone by then is an orphan, and found as such.
    await two.catalog.adopt(sorted(two.vectors()))
    await collect(two.catalog, two.index, AT_ONCE)
    assert two.vectors() == set(expected.values())


async def test_the_same_new_bytes_through_two_workers_at_once_are_one_image(workers):
    one, two = workers
    for n in range(5):
        data = picture((n, 200, 200))
        put(one, **{f"left{n}": data, f"right{n}": data})
        await asyncio.gather(
            settle(one, one.pipeline(), f"left{n}", f"right{n}"),
            settle(two, two.pipeline(), f"right{n}", f"left{n}"),
        )
    assert await one.rows() == one.on_disk()
    assert one.vectors() == set(one.on_disk().values())


async def test_old_events_that_come_again_change_nothing(workers):
    one, two = workers
    put(one, kept=FIRST["removed"], gone=SECOND["removed"])
    events = one.events("kept.png", "gone.png", etag="as it was", size=100)
    await one.pipeline().process(events)
    (one.root / "cats/gone.png").unlink()
    put(one, kept=THIRD["removed"])
    await one.pipeline().process(one.events("kept.png", "gone.png"))
    before = await one.catalog.page()
    processed = await two.pipeline().process(events)
    assert outcomes(processed) == {"kept.png": "unchanged", "gone.png": "removed"}
    assert await two.catalog.page() == before
