"""How far behind, how fast, and whether it moves at all."""

from dataclasses import dataclass, field

import pytest
from prometheus_client import REGISTRY

from shared import metrics
from shared.records import Event, ObjectRef, Outcome
from streams.batches import Settled
from streams.lag import Lag, PartitionLag
from streams.vitals import GIVE_UP, LONGEST_LOOK_S, Stalled, Vitals

SETTLED = Settled(Event(ObjectRef("images", "a"), 0.0), Outcome.INDEXED)


@dataclass
class Worker:
    """A delivery with two of three partitions; it took up nothing of the second yet."""

    positions: dict[int, int | None] = field(default_factory=lambda: {0: 12, 2: None})
    joined: bool = True
    in_flight: int = 3
    waited_for: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.vitals = Vitals(self, lambda: self.waited_for, stall_s=10)

    @property
    def partitions(self):
        return sorted(self.positions)

    def position(self, partition):
        return self.positions[partition]

    def look(self, *, left: int = 8, elapsed_s: float = 4.0) -> None:
        lags = (
            PartitionLag(0, 10, 12 + left, 2 + left),
            PartitionLag(1, 0, 99, 99),
            PartitionLag(2, None, left, left),
        )
        self.vitals.look(Lag(lags), elapsed_s)


def test_the_lag_is_of_this_workers_partitions_and_counts_what_is_done_already():
    worker = Worker()
    worker.look(left=8)
    assert worker.vitals.lag == 16
    told = {
        sample.labels["partition"]: sample.value
        for metric in metrics.LAG.collect()
        for sample in metric.samples
    }
    assert told == {"0": 8.0, "2": 8.0}
    report = worker.vitals.report()
    assert [each["lag"] for each in report["partitions"]] == [8, 8]
    assert (report["lag"], report["in_flight"], report["eta_s"]) == (16, 3, None)


def test_a_lag_that_cannot_be_read_is_not_told():
    worker = Worker()
    worker.look()
    assert REGISTRY.get_sample_value("seenit_answering", {"part": "kafka"}) == 1
    worker.vitals.cannot_look("no answer")
    assert REGISTRY.get_sample_value("seenit_answering", {"part": "kafka"}) == 0
    assert [sample for metric in metrics.LAG.collect() for sample in metric.samples] == []


def test_it_is_not_alive_when_events_wait_and_none_is_settled_for_long():
    worker = Worker()
    for _ in range(2):
        worker.look()
    assert worker.vitals.alive
    worker.look()
    assert not worker.vitals.alive
    worker.vitals.settled(SETTLED)
    worker.look()
    assert worker.vitals.alive


def test_with_nothing_to_do_it_is_alive():
    worker = Worker()
    for _ in range(100):
        worker.look(left=0)
    assert worker.vitals.alive


def test_while_a_part_is_known_to_be_down_it_is_alive_as_starting_anew_would_not_help():
    worker = Worker(waited_for=["index"])
    for _ in range(100):
        worker.look()
    assert worker.vitals.alive
    assert worker.vitals.waiting_for == ["index"]


def test_while_kafka_does_not_answer_it_is_alive_and_says_so():
    worker = Worker()
    worker.look()
    for _ in range(100):
        worker.vitals.cannot_look("no answer")
    assert worker.vitals.alive
    assert (worker.vitals.waiting_for, worker.vitals.kafka) == (["kafka"], "no answer")
    worker.look()
    assert worker.vitals.waiting_for == []


def test_before_partitions_are_assigned_it_waits_for_kafka_but_not_for_ever():
    worker = Worker({}, joined=False)
    worker.look()
    assert worker.vitals.waiting_for == ["kafka"]
    worker.look()
    worker.look()
    assert not worker.vitals.alive


def test_with_no_partition_left_for_it_it_is_alive():
    worker = Worker({})
    for _ in range(100):
        worker.look()
    assert worker.vitals.alive
    assert worker.vitals.waiting_for == []


def test_a_process_that_was_halted_for_long_is_not_thought_to_be_stuck():
    worker = Worker()
    worker.look(elapsed_s=3600)
    assert worker.vitals.stalled_s == LONGEST_LOOK_S


def test_it_is_alive_while_it_passes_by_events_that_are_not_its_own():
    worker = Worker()
    for number in range(100):
        worker.positions[0] = 12 + number
        worker.look()
        assert worker.vitals.alive


def starvation(worker: Worker, **look) -> list[bool]:
    told = []
    for _ in range(12):
        worker.look(**look)
        told.append(worker.vitals.starved)
    return told


def test_it_starves_now_and_again_while_events_wait_and_none_is_taken_up():
    worker = Worker(in_flight=0)
    worker.vitals = Vitals(worker, list, stall_s=60)
    assert starvation(worker) == ([False] * 4 + [True]) * 2 + [False] * 2


@pytest.mark.parametrize(
    ("state", "left"),
    [({"in_flight": 1}, 8), ({"joined": False}, 8), ({"waited_for": ["index"]}, 8), ({}, 0)],
    ids=["some are under way", "not joined", "a part is away", "none waits"],
)
def test_it_does_not_starve(state, left):
    worker = Worker(**{"in_flight": 0} | state)
    worker.vitals = Vitals(worker, lambda: worker.waited_for, stall_s=60)
    assert not any(starvation(worker, left=left))


def test_after_several_stalls_in_a_row_it_gives_up():
    worker = Worker()
    worker.vitals.stalled_s = GIVE_UP * 10.0
    with pytest.raises(Stalled, match="16 events wait"):
        worker.look()


def test_the_time_left_follows_from_the_rate():
    worker = Worker()
    for _ in range(5):
        worker.vitals.settled(SETTLED)
    worker.look()
    report = worker.vitals.report()
    assert report["settled"] == 5
    assert report["eta_s"] == pytest.approx(16 / report["rate"], rel=0.5)


def test_a_topic_that_holds_less_than_was_consumed_is_another_one():
    worker = Worker()
    worker.look(left=8)
    worker.positions[0] = 15
    worker.look(left=2)  # its end was asked for before the last three were consumed
    assert not worker.vitals.remade
    worker.look(left=-5)
    assert worker.vitals.remade
