"""One object that brings an unknown fault about, alone."""

import pytest

from shared.errors import ConfigurationError, Reason
from shared.records import Event, ObjectRef, Outcome
from streams.bisection import IN_A_ROW, Bisection
from tests.fakes import FakeProcessor


def events(count: int) -> list[Event]:
    return [Event(ObjectRef("images", str(n)), 0.0) for n in range(count)]


@pytest.mark.parametrize("culprits", [{0}, {63}, {31, 32}, {5, 6, 40}])
async def test_the_culprits_are_given_up_and_the_others_go_their_way(culprits):
    pipeline = FakeProcessor()
    batch = events(64)
    pipeline.poison = {batch[n].ref for n in culprits}
    processed = await Bisection(pipeline).process(batch)
    assert [event for event, _ in pipeline.given_up] == [batch[n] for n in sorted(culprits)]
    outcomes = {each.event: each.outcome for each in processed.settled}
    assert [n for n in range(64) if outcomes[batch[n]] is Outcome.REJECTED] == sorted(culprits)
    assert len(processed.settled) == 64
    assert processed.again == []
    for _, why in pipeline.given_up:
        assert (why.reason, why.detail) == (Reason.UNEXPECTED, "ValueError: poison")


async def test_a_batch_without_fault_is_processed_once():
    pipeline = FakeProcessor()
    await Bisection(pipeline).process(events(8))
    assert len(pipeline.batches) == 1


async def test_what_is_to_be_looked_at_again_is_passed_on_from_each_part():
    pipeline = FakeProcessor()
    batch = events(4)
    pipeline.poison = {batch[0].ref}
    pipeline.changing.update(event.ref for event in batch[1:])
    processed = await Bisection(pipeline).process(batch)
    assert processed.again == batch[1:]
    [settled] = processed.settled
    assert (settled.event, settled.outcome) == (batch[0], Outcome.REJECTED)
    assert settled.rejection is pipeline.given_up[0][1]


async def test_where_nothing_succeeds_the_fault_is_raised_and_the_world_not_rejected():
    pipeline = FakeProcessor()
    batch = events(64)
    pipeline.poison = {event.ref for event in batch}
    with pytest.raises(ValueError, match="poison"):
        await Bisection(pipeline).process(batch)
    assert len(pipeline.given_up) == IN_A_ROW


async def test_a_success_in_between_starts_the_count_anew():
    pipeline = FakeProcessor()
    bisection = Bisection(pipeline)
    good, bad = events(2)
    pipeline.poison = {bad.ref}
    for _ in range(2 * IN_A_ROW):
        await bisection.process([bad])
        await bisection.process([good])
    assert len(pipeline.given_up) == 2 * IN_A_ROW


async def test_what_seenit_raises_on_purpose_is_not_blamed_on_an_object():
    class Misconfigured(FakeProcessor):
        async def process(self, events):
            await super().process(events)
            raise ConfigurationError("SEENIT_X", "is wrong")

    pipeline = Misconfigured()
    with pytest.raises(ConfigurationError):
        await Bisection(pipeline).process(events(8))
    assert (len(pipeline.batches), pipeline.given_up) == (1, [])
