"""Messages are acknowledged in order, once all they told of is settled, and only by their owner."""

import asyncio
import json
from dataclasses import dataclass, field

import hypothesis.strategies as st
import pytest
from hypothesis import given

from shared.errors import Reason, Rejected
from shared.records import Event, ObjectRef, Outcome
from streams.batches import Settled
from streams.dead_letters import DeadLetter
from streams.delivery import MOST_BYTES, Delivery
from streams.lanes import Message
from streams.notifications import look


def notification(*keys: str) -> bytes:
    changes = [
        {
            "eventName": "s3:ObjectCreated:Put",
            "s3": {"bucket": {"name": "images"}, "object": {"key": key}},
        }
        for key in keys
    ]
    return json.dumps({"Records": changes}).encode()


@dataclass
class Bench:
    """A delivery, whose events are settled and whose letters are written when the test says so."""

    in_flight: int = 100
    offered: dict[str, list] = field(default_factory=dict)
    letters: list[tuple[DeadLetter, object]] = field(default_factory=list)
    acknowledged: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self):
        self.delivery = Delivery(self._offer, self, buckets=["images"], in_flight=self.in_flight)
        self.delivery.assigned([0, 1], 7)

    async def _offer(self, event: Event, done) -> None:
        self.offered.setdefault(event.ref.key, []).append((event, done))

    def write(self, letter, written) -> None:
        self.letters.append((letter, written))

    def message(self, offset, *keys, partition=0, generation=7, value=None) -> Message:
        return Message(
            "topic",
            partition,
            offset,
            generation,
            b"key",
            notification(*keys) if value is None else value,
            lambda: self.acknowledged.append((partition, offset)),
        )

    async def take(self, offset, *keys, **more) -> None:
        await self.delivery.take(self.message(offset, *keys, **more))

    def settle(self, key: str, rejection: Rejected | None = None) -> None:
        event, done = self.offered[key].pop()
        outcome = Outcome.REJECTED if rejection else Outcome.INDEXED
        done(Settled(event, outcome, rejection))


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_messages_are_acknowledged_in_order_whatever_is_settled_first():
    bench = Bench()
    for offset, key in enumerate("abc"):
        await bench.take(offset, key)
    bench.settle("b")
    bench.settle("c")
    assert (bench.acknowledged, bench.delivery.position(0)) == ([], 0)
    bench.settle("a")
    assert bench.acknowledged == [(0, 0), (0, 1), (0, 2)]
    assert bench.delivery.position(0) == 3


async def test_partitions_do_not_wait_for_each_other():
    bench = Bench()
    await bench.take(5, "a", partition=0)
    await bench.take(5, "b", partition=1)
    bench.settle("b")
    assert bench.acknowledged == [(1, 5)]


async def test_a_message_is_done_when_all_it_told_of_is():
    bench = Bench()
    await bench.take(0, "a", "b")
    bench.settle("a")
    assert bench.acknowledged == []
    bench.settle("b")
    assert bench.acknowledged == [(0, 0)]


@pytest.mark.parametrize("value", [b'{"Records": []}', b'{"Event": "s3:TestEvent"}'])
async def test_a_message_that_tells_of_nothing_is_done_at_once(value):
    bench = Bench()
    await bench.take(0, value=value)
    assert (bench.acknowledged, bench.letters) == ([(0, 0)], [])


async def test_a_malformed_message_is_done_once_its_letter_is_written():
    bench = Bench()
    await bench.take(9, value=b"{", partition=1)
    [(letter, written)] = bench.letters
    assert bench.acknowledged == []
    assert (letter.key, letter.value) == (b"key", b"{")
    headers = dict(letter.headers)
    assert headers["reason"] == b"malformed"
    assert [headers[name] for name in ("topic", "partition", "offset")] == [b"topic", b"1", b"9"]
    assert headers["time"]
    assert b"EOF" in headers["detail"]
    written()
    assert bench.acknowledged == [(1, 9)]


async def test_a_rejection_is_done_once_its_letter_is_written():
    bench = Bench()
    await bench.take(0, "a", "b+%F0%9F")
    bench.settle("a")
    bench.settle("b \udcf0\udc9f", Rejected(Reason.BROKEN, "cut off"))
    [(letter, written)] = bench.letters
    assert bench.acknowledged == []
    headers = dict(letter.headers)
    assert (headers["reason"], headers["detail"]) == (b"broken", b"cut off")
    assert (headers["bucket"], headers["key"]) == (b"images", b"b \xf0\x9f")
    written()
    assert bench.acknowledged == [(0, 0)]


async def test_a_rejection_that_a_comparison_found_needs_no_letter():
    bench = Bench()
    await bench.take(0, value=look(Event(ObjectRef("images", "a"), 1.0)))
    bench.settle("a", Rejected(Reason.BROKEN, "cut off"))
    assert (bench.acknowledged, bench.letters) == ([(0, 0)], [])


async def test_a_message_that_comes_again_after_its_rejection_was_recorded_has_its_letter():
    bench = Bench()
    await bench.take(0, "a")
    event, done = bench.offered["a"].pop()
    done(Settled(event, Outcome.UNCHANGED, Rejected(Reason.BROKEN, "cut off")))
    assert len(bench.letters) == 1


async def test_so_many_messages_are_under_way_and_no_more():
    bench = Bench(in_flight=2)
    await bench.take(0, "a")
    await bench.take(1, "b")
    third = asyncio.create_task(bench.take(2, "c"))
    await turns()
    bench.settle("b")  # cannot be acknowledged before the first
    await turns()
    assert "c" not in bench.offered
    assert bench.delivery.in_flight == 2
    bench.settle("a")
    await third
    assert bench.acknowledged == [(0, 0), (0, 1)]


async def test_so_many_bytes_are_under_way_and_no_more():
    bench = Bench(in_flight=1000)
    large = b"[" + b" " * (MOST_BYTES // 4)
    for offset in range(4):
        await bench.take(offset, value=large)
    fifth = asyncio.create_task(bench.take(4, "a"))
    await turns()
    assert not fifth.done()
    bench.letters[0][1]()
    await fifth


@pytest.mark.parametrize("generation", [6, 8])
async def test_a_message_of_another_generation_is_left_alone(generation):
    bench = Bench()
    await bench.take(0, "a", generation=generation)
    await bench.take(0, "a", partition=5)
    assert (bench.offered, bench.delivery.in_flight) == ({}, 0)


async def test_a_message_that_comes_twice_is_taken_up_once():
    bench = Bench()
    await bench.take(0, "a")
    await bench.take(0, "a")
    assert len(bench.offered["a"]) == 1
    bench.settle("a")
    assert bench.acknowledged == [(0, 0)]


async def test_what_is_under_way_when_partitions_go_is_finished_and_acknowledged():
    bench = Bench()
    await bench.take(0, "a")
    going = asyncio.create_task(bench.delivery.revoked([0, 1], 60))
    await turns()
    await bench.take(1, "b")
    assert (going.done(), "b" in bench.offered, bench.delivery.joined) == (False, False, False)
    bench.settle("a")
    assert await going
    assert bench.acknowledged == [(0, 0)]
    assert bench.delivery.partitions == []


async def test_what_is_not_finished_when_partitions_go_is_never_acknowledged():
    bench = Bench()
    await bench.take(0, "a")
    assert not await bench.delivery.revoked([0, 1], 0.001)
    bench.delivery.assigned([0, 1], 8)
    bench.settle("a")
    assert bench.acknowledged == []
    await bench.take(0, "a", generation=8)
    bench.settle("a")
    assert bench.acknowledged == [(0, 0)]


async def test_who_waits_for_room_when_partitions_go_leaves_the_message_alone():
    bench = Bench(in_flight=1)
    await bench.take(0, "a")
    waiting = asyncio.create_task(bench.take(1, "b"))
    await turns()
    assert not await bench.delivery.revoked([0], 0.001)
    await waiting
    assert "b" not in bench.offered


async def test_what_comes_back_to_the_same_worker_begins_anew():
    bench = Bench(in_flight=1)
    await bench.take(3, "a")
    bench.delivery.assigned([0], 8)
    assert (bench.delivery.in_flight, bench.delivery.position(0)) == (0, None)
    await bench.take(3, "a", generation=8)
    assert len(bench.offered["a"]) == 2
    assert bench.delivery.joined


class History:
    """Replays what was not acknowledged after each rebalance, as Kafka does."""

    def __init__(self) -> None:
        self.bench = Bench()
        self.generation = 7
        self.read = 0
        self.waiting: list[tuple[int, str]] = []
        self.done: set[int] = set()

    @property
    def acknowledged(self) -> list[int]:
        return [offset for _, offset in self.bench.acknowledged]

    async def take(self, _: int) -> None:
        key = f"{self.generation}/{self.read}"
        await self.bench.take(self.read, key, generation=self.generation)
        self.waiting.append((self.read, key))
        self.read += 1

    async def settle(self, number: int, rejection: Rejected | None = None) -> None:
        if self.waiting:
            offset, key = self.waiting.pop(number % len(self.waiting))
            if rejection is None:
                self.done.add(offset)
            self.bench.settle(key, rejection)

    async def reject(self, number: int) -> None:
        await self.settle(number, Rejected(Reason.BROKEN, "x"))

    async def write(self, number: int) -> None:
        if self.bench.letters:
            letter, written = self.bench.letters.pop(number % len(self.bench.letters))
            self.done.add(int(letter.about["offset"]))
            written()

    async def rebalance(self, _: int) -> None:
        self.generation += 1
        self.bench.delivery.assigned([0, 1], self.generation)
        self.read = len(self.acknowledged)


STEPS = st.sampled_from([History.take, History.settle, History.reject, History.write])


@given(st.lists(st.tuples(STEPS | st.just(History.rebalance), st.integers(0)), max_size=80))
async def test_nothing_is_acknowledged_before_it_is_done_and_everything_in_the_end(steps):
    history = History()
    for step, number in steps:
        await step(history, number)
        assert history.acknowledged == list(range(len(history.acknowledged)))
        assert set(history.acknowledged) <= history.done
    while history.waiting or history.bench.letters:
        await history.settle(0)
        await history.write(0)
    await history.rebalance(0)
    await history.take(0)
    await history.settle(0)
    assert history.acknowledged == list(range(history.read))
