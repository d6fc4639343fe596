"""Which parts answer, told to probes and to Prometheus."""

import asyncio
import threading

import pytest

from shared.errors import TransientError
from shared.metrics import ANSWERING
from shared.readiness import Readiness
from tests.fakes import FakeCatalog, FakeIndex, FakeStore


class HangingIndex(FakeIndex):
    """Answers once it is let go, and counts who waits."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.asked = 0

    def get(self, image_ids):
        self.asked += 1
        self.let_go.wait()
        return super().get(image_ids)


def told() -> dict[str, float]:
    """What a scrape shows, the worker's own view of Kafka aside."""
    samples = [sample for metric in ANSWERING.collect() for sample in metric.samples]
    return {s.labels["part"]: s.value for s in samples if s.labels["part"] != "kafka"}


@pytest.mark.parametrize("away", [[], ["catalog"], ["index", "store"]])
async def test_the_parts_that_do_not_answer_are_named_and_told_of(away):
    parts = {"store": FakeStore(), "catalog": FakeCatalog(), "index": FakeIndex()}
    for name in away:
        parts[name].broken = TransientError(name, "down")

    assert sorted(await Readiness(**parts).missing()) == away

    assert told() == {name: float(name not in away) for name in parts}


async def test_a_part_that_hangs_is_asked_by_one_thread_and_hides_no_other():
    index = HangingIndex()
    readiness = Readiness(FakeStore(), FakeCatalog(), index)
    try:
        found = await asyncio.gather(*[readiness.missing() for _ in range(20)])
        assert found == [["index"]] * 20
        assert index.asked == 1
    finally:
        index.let_go.set()
    assert await readiness.missing() == []
