"""Events to known pictures, on the real parts; and each step failing once."""

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from prometheus_client import REGISTRY

from shared.digests import image_digest
from shared.errors import Reason, Rejected, TransientError
from shared.records import ObjectFilter, Outcome
from streams.batches import Processed, portions
from streams.bisection import Bisection
from streams.collector import collect
from tests.fakes import Counted, Faulty, Interposed, PoisonedEmbedder
from tests.pipeline.conftest import outcomes, picture

RED, BLUE, GRAY = picture("darkred"), picture("blue"), picture("gray")


async def test_new_pictures_are_indexed_with_their_facts(plant):
    plant.write(a_png=RED, b_png=picture("blue", (30, 10)))
    processed = await plant.pipeline().process(plant.events("a.png", "b.png"))
    assert outcomes(processed) == dict.fromkeys(("a.png", "b.png"), Outcome.INDEXED)
    assert await plant.rows() == plant.on_disk()
    assert plant.vectors() == set(plant.on_disk().values())
    facts = await plant.catalog.known_images(plant.vectors())
    assert {(f.width, f.height, f.format) for f in facts.values()} == {
        (24, 16, "PNG"),
        (30, 10, "PNG"),
    }


async def test_the_same_bytes_under_two_names_are_one_image_with_two_objects(plant):
    plant.write(a_png=RED, b_png=RED)
    pipeline = plant.pipeline()
    processed = await pipeline.process(plant.events("a.png", "b.png"))
    assert outcomes(processed) == {"a.png": Outcome.INDEXED, "b.png": Outcome.DUPLICATE}
    plant.write(c_png=RED)
    processed = await pipeline.process(plant.events("c.png"))
    assert outcomes(processed) == {"c.png": Outcome.DUPLICATE}
    assert plant.vectors() == {image_digest(RED)}
    found = await plant.catalog.find([image_digest(RED)], ObjectFilter())
    assert [row.ref.key for row in found[image_digest(RED)]] == ["a.png", "b.png", "c.png"]


async def test_what_the_catalog_holds_already_is_neither_read_nor_decoded(plant):
    plant.write(a_png=RED)
    await plant.pipeline().process(plant.events("a.png"))
    unread = Faulty(plant.store, "read", "before", AssertionError("it was read"))
    (stat,) = plant.store.list("cats")
    now, long_ago = {"etag": stat.etag, "size": stat.size}, {"etag": "old", "size": 1}
    for told in ({}, now, long_ago):
        processed = await plant.pipeline(store=unread).process(plant.events("a.png", **told))
        assert outcomes(processed) == {"a.png": Outcome.UNCHANGED}


async def test_what_the_catalog_does_not_know_is_read_without_another_look_before(plant):
    plant.write(a_png=RED, large_png=bytes(10**6 + 1))
    asked = Counted(plant.store)
    processed = await plant.pipeline(store=asked).process(plant.events("a.png", size=len(RED)))
    assert outcomes(processed) == {"a.png": Outcome.INDEXED}
    assert asked.calls == {"read": 1, "stat": 1}, "the one look is that before the row is written"
    processed = await plant.pipeline(store=asked).process(plant.events("large.png", size=5))
    assert outcomes(processed) == {"large.png": Outcome.REJECTED}
    (stat,) = plant.store.list("cats", "large")
    assert (await plant.catalog.known([stat.ref]))[stat.ref].stat == stat


async def test_a_new_name_of_the_users_own_is_taken_over_with_the_bytes_as_they_were(plant):
    plant.write(a_png=RED)
    pipeline = plant.pipeline()
    await pipeline.process(plant.events("a.png"))

    class Renamed:
        """The store, after a copy of the object onto itself that changed its metadata."""

        def __getattr__(self, name):
            return getattr(plant.store, name)

        def stat(self, ref):
            return replace(plant.store.stat(ref), user_key="SKU-1")

    processed = await plant.pipeline(store=Renamed()).process(plant.events("a.png"))
    assert outcomes(processed) == {"a.png": Outcome.DUPLICATE}
    [row] = await plant.catalog.page()
    assert (row.stat.user_key, row.image_id) == ("SKU-1", image_digest(RED))


async def test_a_wish_to_look_again_is_not_put_off_with_what_is_known(plant):
    plant.write(a_png=RED)
    await plant.pipeline().process(plant.events("a.png"))
    processed = await plant.pipeline().process(plant.events("a.png", again=True))
    assert outcomes(processed) == {"a.png": Outcome.DUPLICATE}


async def test_a_file_that_is_gone_is_removed_whatever_its_event_says(plant):
    plant.write(a_png=RED, b_png=BLUE)
    pipeline = plant.pipeline()
    await pipeline.process(plant.events("a.png", "b.png"))
    (plant.root / "cats/a.png").unlink()
    gone = plant.events("a.png", "never.png", etag="e", size=5)
    assert set(outcomes(await pipeline.process(gone)).values()) == {Outcome.REMOVED}
    assert await plant.rows() == plant.on_disk()


async def test_a_file_that_vanishes_before_it_is_read_is_removed(plant):
    plant.write(a_png=RED)
    store = Interposed(plant.store, "stat", (plant.root / "cats/a.png").unlink)
    processed = await plant.pipeline(store=store).process(plant.events("a.png"))
    assert outcomes(processed) == {"a.png": Outcome.REMOVED}
    assert await plant.rows() == {}


async def test_a_picture_that_is_replaced_holds_the_new_bytes(plant):
    plant.write(a_png=RED)
    pipeline = plant.pipeline()
    await pipeline.process(plant.events("a.png"))
    plant.write(a_png=BLUE)
    assert outcomes(await pipeline.process(plant.events("a.png"))) == {"a.png": Outcome.INDEXED}
    assert await plant.rows() == plant.on_disk()
    plant.write(a_png=b"no picture")
    assert outcomes(await pipeline.process(plant.events("a.png"))) == {"a.png": Outcome.REJECTED}
    assert await plant.rows() == {"cats/a.png": "not_a_picture"}
    plant.write(a_png=RED)
    assert outcomes(await pipeline.process(plant.events("a.png"))) == {"a.png": Outcome.DUPLICATE}
    assert await plant.rows() == plant.on_disk()


async def test_what_is_overwritten_while_it_is_embedded_is_looked_at_again(plant):
    plant.write(a_png=RED, b_png=GRAY)
    index = Interposed(plant.index, "upsert", lambda: plant.write(a_png=BLUE))
    pipeline = plant.pipeline(index=index)
    processed = await pipeline.process(plant.events("a.png", "b.png"))
    assert outcomes(processed) == {"b.png": Outcome.INDEXED}
    assert [event.ref.key for event in processed.again] == ["a.png"]
    assert "cats/a.png" not in await plant.rows(), "the old bytes were never searchable"
    processed = await pipeline.process(processed.again)
    assert outcomes(processed) == {"a.png": Outcome.INDEXED}
    assert await plant.rows() == plant.on_disk()


async def test_what_is_removed_while_it_is_embedded_does_not_come_back(plant):
    plant.write(a_png=RED)
    index = Interposed(plant.index, "upsert", (plant.root / "cats/a.png").unlink)
    pipeline = plant.pipeline(index=index)
    processed = await pipeline.process(plant.events("a.png"))
    assert await plant.rows() == {}
    assert outcomes(await pipeline.process(processed.again)) == {"a.png": Outcome.REMOVED}


async def test_a_file_someone_is_writing_is_looked_at_again_and_spares_the_others(plant):
    plant.write(a_png=RED[:50], b_png=BLUE)
    pipeline = plant.pipeline()
    with (plant.root / "cats/a.png").open("ab") as writer:
        processed = await pipeline.process(plant.events("a.png", "b.png"))
        assert outcomes(processed) == {"b.png": Outcome.INDEXED}
        assert list(await plant.rows()) == ["cats/b.png"]
        writer.write(RED[50:])
    assert outcomes(await pipeline.process(processed.again)) == {"a.png": Outcome.INDEXED}
    assert await plant.rows() == plant.on_disk()


async def test_each_bad_file_is_rejected_with_its_reason_and_spares_the_others(plant):
    plant.write(
        good_png=RED,
        empty_png=b"",
        text_png=b"hello",
        half_png=RED[:60],
        large_png=bytes(10**6 + 1),
    )
    cats = plant.root / "cats"
    os.mkfifo(cats / "pipe.png")
    (cats / "link.png").symlink_to("/etc/hostname")
    (cats / "\udcff.png").write_bytes(RED)
    names = sorted(path.name for path in cats.iterdir())
    processed = await plant.pipeline().process(plant.events(*names))
    assert await plant.rows() == {
        "cats/good.png": image_digest(RED),
        "cats/empty.png": Reason.EMPTY,
        "cats/text.png": Reason.NOT_A_PICTURE,
        "cats/half.png": Reason.BROKEN,
        "cats/large.png": Reason.TOO_MANY_BYTES,
        "cats/pipe.png": Reason.NOT_A_FILE,
        "cats/link.png": Reason.OUTSIDE_FOLDER,
        "cats/\udcff.png": Reason.BAD_KEY,
    }
    assert len(processed.settled) == len(names)
    assert plant.vectors() == {image_digest(RED)}
    again = await plant.pipeline().process(plant.events(*names))
    assert set(outcomes(again).values()) == {Outcome.UNCHANGED}, "told once"
    assert _reasons(again) == _reasons(processed) != {}, "and why, for who asks again"
    report = await plant.reconciler().survey()
    assert report.total("differing") == 0, "and a comparison finds no difference"


async def test_a_rejection_counts_once_however_often_it_is_told(plant):
    def counted() -> float:
        return REGISTRY.get_sample_value("seenit_rejections_total", {"reason": "empty"}) or 0

    plant.write(a_png=b"")
    before = counted()
    for _ in range(3):
        await plant.pipeline().process(plant.events("a.png"))
    assert counted() == before + 1


async def test_two_objects_of_the_same_bad_bytes_are_both_rejected(plant):
    plant.write(a_png=b"hello", b_png=b"hello")
    await plant.pipeline().process(plant.events("a.png", "b.png"))
    assert await plant.rows() == {"cats/a.png": "not_a_picture", "cats/b.png": "not_a_picture"}


async def test_a_batch_larger_than_a_portion_is_processed_in_full(plant, monkeypatch):
    monkeypatch.setattr("streams.pipeline.portions", partial(portions, limit=len(RED)))
    plant.write(a_png=RED, b_png=BLUE, c_png=RED, d_png=b"hello")
    processed = await plant.pipeline().process(plant.events("a.png", "b.png", "c.png", "d.png"))
    assert len(processed.settled) == 4
    assert len(plant.vectors()) == 2
    assert len(await plant.rows()) == 4


# Unknown faults


async def test_one_poison_picture_in_64_is_rejected_and_63_are_indexed(plant):
    files = {f"p{n}_png": picture((n, n, 50)) for n in range(63)}
    plant.write(**files, poison_png=picture((255, 0, 0)))
    bisection = Bisection(plant.pipeline(embedder=PoisonedEmbedder()))
    names = [path.name for path in (plant.root / "cats").iterdir()]
    processed = await bisection.process(plant.events(*names))
    assert len(processed.settled) == 64
    rows = await plant.rows()
    assert rows.pop("cats/poison.png") == Reason.UNEXPECTED
    assert len(plant.vectors()) == len(rows) == 63
    (row,) = (await plant.catalog.known([e.ref for e in plant.events("poison.png")])).values()
    assert row.detail == "ZeroDivisionError: red in the middle"
    assert (await plant.reconciler().survey()).total("differing") == 0


async def test_giving_up_an_object_that_is_gone_removes_it(plant):
    (event,) = plant.events("a.png")
    processed = await plant.pipeline().give_up(event, Rejected(Reason.UNEXPECTED, "why"))
    assert outcomes(processed) == {"a.png": Outcome.REMOVED}


# The collector comes in between


ALL = timedelta(seconds=-10)  # whatever has been without objects, if only for a moment


async def test_an_image_collected_between_claim_and_record_is_claimed_anew(plant):
    plant.write(a_png=RED, bad_png=b"hello")

    class Between:
        """The catalog, with a whole collection just before rows are first recorded."""

        collected = 0

        def __getattr__(self, name):
            return getattr(plant.catalog, name)

        async def record(self, changes, present):
            if not self.collected:
                self.collected = await collect(plant.catalog, plant.index, ALL)
            return await plant.catalog.record(changes, present)

    between = Between()
    pipeline = plant.pipeline(catalog=between)
    processed = await pipeline.process(plant.events("a.png", "bad.png"))
    assert between.collected == 1
    assert outcomes(processed) == {"bad.png": Outcome.REJECTED}
    assert [event.ref.key for event in processed.again] == ["a.png"]
    assert (await plant.rows(), plant.vectors()) == ({"cats/bad.png": "not_a_picture"}, set())
    assert outcomes(await pipeline.process(processed.again)) == {"a.png": Outcome.INDEXED}
    assert plant.vectors() == {image_digest(RED)}


async def test_bytes_that_come_back_while_they_are_collected_wait_for_the_end_of_it(plant):
    plant.write(a_png=RED)
    pipeline = plant.pipeline()
    await pipeline.process(plant.events("a.png"))
    (plant.root / "cats/a.png").unlink()
    await pipeline.process(plant.events("a.png"))
    plant.write(b_png=RED, c_png=BLUE)

    async def delete(image_ids):
        assert image_ids == [image_digest(RED)]
        meanwhile.append(await pipeline.process(plant.events("b.png", "c.png")))
        plant.index.delete(image_ids)

    meanwhile: list[Processed] = []
    assert await plant.catalog.collect(datetime.now(UTC) - ALL, 10, delete) == 1
    [processed] = meanwhile
    assert {event.ref.key for event in processed.again} >= {"b.png"}
    assert not outcomes(processed).keys() & {"b.png"}
    await pipeline.process(processed.again)
    assert await plant.rows() == plant.on_disk()
    assert plant.vectors() == {image_digest(RED), image_digest(BLUE)}


async def test_a_known_image_collected_before_its_new_object_is_recorded_is_embedded_anew(plant):
    plant.write(a_png=RED)
    pipeline = plant.pipeline()
    await pipeline.process(plant.events("a.png"))
    (plant.root / "cats/a.png").unlink()
    await pipeline.process(plant.events("a.png"))
    plant.write(b_png=RED)

    class Late:
        """The catalog, with a collection right after it said which images are known."""

        def __getattr__(self, name):
            return getattr(plant.catalog, name)

        async def known_images(self, image_ids):
            known = await plant.catalog.known_images(image_ids)
            await collect(plant.catalog, plant.index, ALL)
            return known

    processed = await plant.pipeline(catalog=Late()).process(plant.events("b.png"))
    assert plant.vectors() == set()
    assert outcomes(await pipeline.process(processed.again)) == {"b.png": Outcome.INDEXED}
    assert plant.vectors() == {image_digest(RED)}


# Faults at each step's boundary

STEPS = [
    ("store", "stat"),
    ("store", "read"),
    ("catalog", "known"),
    ("catalog", "known_images"),
    ("catalog", "claim"),
    ("catalog", "record"),
    ("decoder", "decode_all"),
    ("index", "upsert"),
]
BOUNDARIES = [(*step, when) for step in STEPS for when in ("before", "after")]


class Crash(BaseException):
    """The process ends here."""


async def _life(plant, pipeline) -> None:
    """New, doubled, bad, replaced and removed pictures, in two batches."""
    plant.write(a_png=RED, b_png=RED, c_png=BLUE, bad_png=b"hello")
    await pipeline.process(plant.events("a.png", "b.png", "c.png", "bad.png"))
    plant.write(c_png=GRAY)
    (plant.root / "cats/a.png").unlink()
    await pipeline.process(plant.events("a.png", "b.png", "c.png", "bad.png"))


AFTERWARDS = {
    "cats/b.png": image_digest(RED),
    "cats/c.png": image_digest(GRAY),
    "cats/bad.png": "not_a_picture",
}


@pytest.mark.parametrize(("part", "method", "when"), BOUNDARIES)
async def test_trouble_at_a_steps_boundary_is_waited_out(plant, part, method, when):
    faulty = Faulty(getattr(plant, part), method, when, TransientError(part, "not now"))
    await _life(plant, plant.pipeline(**{part: faulty}))
    assert faulty.struck
    assert await plant.rows() == AFTERWARDS
    assert plant.vectors() == {image_digest(data) for data in (RED, BLUE, GRAY)}
    assert await collect(plant.catalog, plant.index, ALL) == 1
    assert plant.vectors() == {image_digest(data) for data in (RED, GRAY)}


@pytest.mark.parametrize(("part", "method", "when"), BOUNDARIES)
async def test_a_crash_at_a_steps_boundary_is_made_good_by_the_next_start(
    plant, part, method, when
):
    faulty = Faulty(getattr(plant, part), method, when, Crash())
    with pytest.raises(Crash):
        await _life(plant, plant.pipeline(**{part: faulty}))
    await _life(plant, plant.pipeline())
    assert await plant.rows() == AFTERWARDS
    await collect(plant.catalog, plant.index, ALL)
    assert plant.vectors() == {image_digest(data) for data in (RED, GRAY)}


def _reasons(processed: Processed) -> dict[str, Reason]:
    told = {each.event.ref.key: each.rejection for each in processed.settled}
    return {key: why.reason for key, why in told.items() if why}
