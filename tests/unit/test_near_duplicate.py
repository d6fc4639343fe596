"""Which threshold is in force: the model's own, or one measured on the user's pictures."""

from datetime import UTC, datetime
from types import SimpleNamespace

from search_api.threshold import FRESH_S, NearDuplicate, told
from shared.errors import TransientError
from shared.records import MeasuredThreshold
from tests.fakes import FakeCatalog

MEASURED = MeasuredThreshold(0.6, 100_000, datetime(2026, 1, 1, tzinfo=UTC))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def threshold(catalog: FakeCatalog, clock: Clock | None = None) -> NearDuplicate:
    return NearDuplicate(catalog, SimpleNamespace(near_duplicate=0.7), clock or Clock())


async def test_without_a_measurement_the_models_own_is_in_force():
    assert await threshold(FakeCatalog()).cosine() == 0.7


async def test_what_was_measured_goes_before_the_models_own():
    catalog = FakeCatalog()
    catalog.threshold = MEASURED
    assert await threshold(catalog).cosine() == 0.6


async def test_a_new_measurement_is_in_force_within_a_minute():
    catalog, clock = FakeCatalog(), Clock()
    near = threshold(catalog, clock)
    await near.cosine()
    catalog.threshold = MEASURED
    clock.now = FRESH_S - 1
    assert await near.cosine() == 0.7
    clock.now = FRESH_S
    assert await near.cosine() == 0.6


async def test_a_catalog_that_does_not_answer_leaves_the_last_in_force_and_is_asked_again():
    catalog, clock = FakeCatalog(), Clock()
    catalog.threshold = MEASURED
    near = threshold(catalog, clock)
    await near.cosine()
    clock.now = FRESH_S
    catalog.broken = TransientError("catalog", "away")
    assert await near.cosine() == 0.6
    catalog.broken, catalog.threshold = None, None
    assert await near.cosine() == 0.7


def test_a_reply_tells_the_threshold_as_a_similarity_or_none():
    assert told(0.7).near_duplicate == 0.85
    assert told(2.0).near_duplicate is None
