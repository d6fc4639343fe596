"""The intake: bounded, deduplicated, one object in one batch at a time, and nothing lost."""

import asyncio

import pytest

from shared.errors import Reason
from shared.records import Event, ObjectRef, Outcome
from streams import asking as page
from streams.asking import PATIENCE
from streams.bisection import Bisection
from streams.intake import BATCHES_AT_ONCE, CAPACITY, Intake
from tests.fakes import FakeProcessor


def event(name: object, **more) -> Event:
    return Event(ObjectRef("images", str(name)), 0.0, **more)


@pytest.fixture
def processor():
    return FakeProcessor()


@pytest.fixture
def intake(processor):
    return Intake(processor, batch_size=8, batch_age_s=0.001)


@pytest.fixture
async def running(intake):
    task = asyncio.create_task(intake.run())
    yield task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def turns(count: int = 20) -> None:
    """Let everything run that can."""
    for _ in range(count):
        await asyncio.sleep(0)


async def begun(processor: FakeProcessor, batches: int) -> None:
    while len(processor.batches) < batches:  # noqa: ASYNC110 - the fake tells nobody
        await asyncio.sleep(0.001)


@pytest.mark.usefixtures("running")
async def test_what_is_being_looked_at_is_not_settled_yet(processor, intake):
    processor.gate.clear()
    for n in range(8 * BATCHES_AT_ONCE + 1):
        await intake.offer(event(n))
    await begun(processor, BATCHES_AT_ONCE)
    assert intake.unsettled == 8 * BATCHES_AT_ONCE + 1
    await intake.offer(event(0))  # is looked at and waits
    assert intake.unsettled == 8 * BATCHES_AT_ONCE + 1
    processor.gate.set()
    await intake.idle()
    assert intake.unsettled == 0


@pytest.mark.usefixtures("running")
async def test_every_event_is_settled_once_and_told(processor, intake):
    told = []
    intake.on_settled(lambda settled: told.append((settled.event.ref.key, settled.outcome)))
    for n in range(100):
        await intake.offer(event(n))
    await intake.idle()
    assert sorted(processor.seen) == sorted(event(n).ref for n in range(100))
    assert max(map(len, processor.batches)) == 8
    assert sorted(told) == sorted((str(n), Outcome.INDEXED) for n in range(100))


@pytest.mark.usefixtures("running")
async def test_a_lone_event_does_not_wait_for_a_full_batch(processor, intake):
    await intake.offer(event("lone"))
    await intake.idle()
    assert [len(batch) for batch in processor.batches] == [1]


async def test_a_full_batch_does_not_wait_for_its_age(processor):
    intake = Intake(processor, batch_size=8, batch_age_s=3600)
    task = asyncio.create_task(intake.run())
    for n in range(16):
        await intake.offer(event(n))
    await intake.idle()
    assert [len(batch) for batch in processor.batches] == [8, 8]
    task.cancel()
    await task


async def test_a_batch_waits_for_its_age_only_while_others_are_under_way(processor):
    intake = Intake(processor, batch_size=8, batch_age_s=3600)
    task = asyncio.create_task(intake.run())
    processor.gate.clear()
    await intake.offer(event("lone"))
    await begun(processor, 1)
    for n in range(7):
        await intake.offer(event(n))
    await turns()
    assert len(processor.batches) == 1, "it waits for more"
    await intake.offer(event("eighth"))
    await begun(processor, 2)
    processor.gate.set()
    await intake.idle()
    assert [len(batch) for batch in processor.batches] == [1, 8]
    task.cancel()
    await task


async def test_events_of_one_object_are_one_and_the_newest_counts(processor, intake):
    await intake.offer(event("a", etag="old", again=True))
    await intake.offer(event("b"))
    await intake.offer(event("a", etag="new"))
    task = asyncio.create_task(intake.run())
    await intake.idle()
    assert processor.batches == [[event("a", etag="new", again=True), event("b")]]
    task.cancel()
    await task


@pytest.mark.usefixtures("running")
async def test_an_object_under_way_is_in_no_second_batch_until_it_is_done(processor, intake):
    processor.gate.clear()
    await intake.offer(event("a", etag="1"))
    await begun(processor, 1)
    await intake.offer(event("a", etag="2"))
    await intake.offer(event("b"))
    await begun(processor, 2)
    await turns()
    assert processor.batches == [[event("a", etag="1")], [event("b")]]
    processor.gate.set()
    await intake.idle()
    assert processor.batches[2:] == [[event("a", etag="2")]]


@pytest.mark.usefixtures("running")
async def test_only_so_many_batches_are_under_way(processor, intake):
    processor.gate.clear()
    for n in range(8 * (BATCHES_AT_ONCE + 2)):
        await intake.offer(event(n))
    await begun(processor, BATCHES_AT_ONCE)
    await turns()
    assert len(processor.batches) == BATCHES_AT_ONCE
    processor.gate.set()
    await intake.idle()
    assert len(processor.batches) == BATCHES_AT_ONCE + 2


async def test_who_offers_too_much_waits_and_nothing_is_lost(processor, intake):
    offered = 0

    async def offer_all(side: str) -> None:
        nonlocal offered
        for n in range(CAPACITY):
            await intake.offer(event(f"{side}{n}"))
            offered += 1

    producers = [asyncio.create_task(offer_all(side)) for side in "ab"]
    await turns()
    assert offered == CAPACITY
    await intake.offer(event("a0", etag="known"))  # takes no more room
    running = asyncio.create_task(intake.run())
    await asyncio.gather(*producers)
    await intake.idle()
    assert len(processor.seen) == len(set(processor.seen)) == 2 * CAPACITY
    running.cancel()
    await running


@pytest.mark.usefixtures("running")
async def test_an_object_that_changes_is_looked_at_until_it_rests(processor, intake, monkeypatch):
    monkeypatch.setattr(page, "LOOK_AGAIN_S", 0.001)
    processor.changing[event("a").ref] = PATIENCE - 1
    await intake.offer(event("a"))
    await intake.offer(event("b"))
    await intake.idle()
    assert processor.seen.count(event("a").ref) == PATIENCE
    assert processor.finished == 2, "idle waits for what comes to rest soon"


@pytest.mark.usefixtures("running")
async def test_idle_does_not_wait_for_what_never_rests(processor, intake, monkeypatch):
    monkeypatch.setattr(page, "LOOK_AGAIN_S", 0.001)
    processor.changing[event("a").ref] = 10**6
    await intake.offer(event("a"))
    await intake.idle()
    assert processor.finished == 0
    processor.changing.clear()
    await intake.offer(event("a"))
    await intake.idle()
    assert processor.finished == 1


@pytest.mark.usefixtures("running")
async def test_what_changes_anew_is_looked_at_at_once(processor, intake, monkeypatch):
    monkeypatch.setattr(page, "LOOK_AGAIN_S", 3600)
    monkeypatch.setattr(page, "LOOK_AGAIN_MOST_S", 3600)
    processor.changing[event("a").ref] = 1
    await intake.offer(event("a", again=True))
    await begun(processor, 1)
    await turns()
    await intake.offer(event("a"))
    await intake.idle()
    assert processor.finished == 1


@pytest.mark.usefixtures("running")
async def test_an_event_that_came_meanwhile_is_the_next_look(processor, intake, monkeypatch):
    monkeypatch.setattr(page, "LOOK_AGAIN_S", 3600)
    monkeypatch.setattr(page, "LOOK_AGAIN_MOST_S", 3600)
    processor.changing[event("a").ref] = 1
    processor.gate.clear()
    await intake.offer(event("a", again=True))
    await begun(processor, 1)
    await intake.offer(event("a", etag="new"))
    processor.gate.set()
    await intake.idle()
    assert processor.batches[1:] == [[event("a", etag="new", again=True)]]


async def test_cancelling_finishes_what_is_under_way_and_takes_up_nothing_more(processor, intake):
    processor.gate.clear()
    task = asyncio.create_task(intake.run())
    for n in range(8 * BATCHES_AT_ONCE + 5):
        await intake.offer(event(n))
    await begun(processor, BATCHES_AT_ONCE)
    task.cancel()
    await turns()
    assert not task.done()
    processor.gate.set()
    await task
    assert processor.finished == 8 * BATCHES_AT_ONCE
    assert len(processor.batches) == BATCHES_AT_ONCE


async def test_what_was_left_waiting_is_done_by_the_next_run(processor, intake):
    for n in range(20):
        await intake.offer(event(n))
    task = asyncio.create_task(intake.run())
    await turns(1)
    task.cancel()
    await task
    again = asyncio.create_task(intake.run())
    await intake.idle()
    assert len(processor.seen) == len(set(processor.seen)) == 20
    again.cancel()
    await again


async def test_a_fault_that_no_waiting_mends_ends_the_run(processor, intake):
    processor.poison = {event("a").ref}
    await intake.offer(event("a"))
    with pytest.raises(ExceptionGroup) as raised:
        await intake.run()
    assert isinstance(raised.value.exceptions[0], ValueError)


@pytest.mark.usefixtures("running")
async def test_several_may_wait_until_it_is_idle(processor, intake):
    await intake.idle()
    processor.gate.clear()
    await intake.offer(event("a"))
    waiting = [asyncio.create_task(intake.idle()) for _ in range(3)]
    await begun(processor, 1)
    await turns()
    assert not any(task.done() for task in waiting)
    processor.gate.set()
    await asyncio.gather(*waiting)


class Tickets:
    """Offers events and notes, per ticket, what it was told."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake
        self.told: dict[str, list[Event]] = {}

    async def offer(self, name: str, event: Event) -> None:
        told = self.told[name] = []
        await self._intake.offer(event, lambda settled: told.append(settled.event))


async def test_all_who_asked_of_an_object_that_waited_are_told_of_the_one_look(intake):
    tickets = Tickets(intake)
    await tickets.offer("first", event("a", etag="old"))
    await tickets.offer("second", event("a", etag="new"))
    task = asyncio.create_task(intake.run())
    await intake.idle()
    assert tickets.told == {"first": [event("a", etag="new")], "second": [event("a", etag="new")]}
    task.cancel()
    await task


@pytest.mark.usefixtures("running")
async def test_who_asks_while_a_look_is_under_way_is_told_of_the_next_one(processor, intake):
    tickets = Tickets(intake)
    processor.gate.clear()
    await tickets.offer("first", event("a", etag="1"))
    await begun(processor, 1)
    await tickets.offer("second", event("a", etag="2"))
    processor.gate.set()
    await intake.idle()
    assert tickets.told == {"first": [event("a", etag="1")], "second": [event("a", etag="2")]}


@pytest.mark.parametrize("rest", [0.001, 3600])
@pytest.mark.parametrize("meanwhile", [True, False])
@pytest.mark.usefixtures("running")
async def test_who_asked_of_an_object_that_changes_is_told_when_it_rests(
    processor, intake, monkeypatch, rest, meanwhile
):
    monkeypatch.setattr(page, "LOOK_AGAIN_S", rest)
    monkeypatch.setattr(page, "LOOK_AGAIN_MOST_S", rest)
    processor.changing[event("a").ref] = 1
    processor.gate.clear()
    tickets = Tickets(intake)
    await tickets.offer("first", event("a", etag="1"))
    await begun(processor, 1)
    if meanwhile:
        await tickets.offer("second", event("a", etag="2"))
    processor.gate.set()
    await turns()
    await tickets.offer("third", event("a", etag="3"))
    while not tickets.told["third"]:  # noqa: ASYNC110 - a ticket is no event
        await asyncio.sleep(0.001)
    await intake.idle()
    assert all(len(told) == 1 for told in tickets.told.values()), tickets.told
    assert tickets.told["third"] == [event("a", etag="3")]


async def test_who_is_told_of_a_rejection_is_told_why(processor):
    told = []
    bisection = Intake(Bisection(processor), batch_size=8, batch_age_s=0.001)
    task = asyncio.create_task(bisection.run())
    processor.poison = {event("a").ref}
    await bisection.offer(event("a"), told.append)
    await bisection.offer(event("b"), told.append)
    await bisection.idle()
    reasons = {settled.event.ref.key: settled.rejection for settled in told}
    assert (reasons["a"].reason, reasons["b"]) == (Reason.UNEXPECTED, None)
    task.cancel()
    await task


async def test_who_asked_in_vain_is_never_told(processor, intake):
    tickets = Tickets(intake)
    processor.poison = {event("a").ref}
    await tickets.offer("only", event("a"))
    with pytest.raises(ExceptionGroup):
        await intake.run()
    assert tickets.told == {"only": []}


async def test_cancelling_twice_drops_what_is_under_way(processor, intake):
    tickets = Tickets(intake)
    processor.gate.clear()
    task = asyncio.create_task(intake.run())
    await tickets.offer("only", event("a"))
    await begun(processor, 1)
    task.cancel()
    await turns()
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert tickets.told == {"only": []}


@pytest.mark.usefixtures("running")
async def test_idle_does_not_wait_for_what_comes_later(processor, intake, monkeypatch):
    """Else it might never return where a hundred files change every second."""
    monkeypatch.setattr(page, "LOOK_AGAIN_S", 3600)
    processor.changing[event("later").ref] = 1
    processor.gate.clear()
    await intake.offer(event("first"))
    await begun(processor, 1)
    await intake.offer(event("first"))  # a second look, after the one under way
    waiting = asyncio.create_task(intake.idle())
    await turns()
    await intake.offer(event("later"))
    processor.gate.set()
    await asyncio.wait_for(waiting, 30)
    assert processor.seen.count(event("first").ref) == 2
    assert processor.finished == 2
