"""How far, how fast, how long still; by a clock that the tests turn."""

import pytest

from streams.progress import WINDOW_S, Progress


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def progress(clock):
    return Progress(clock)


def advance(progress, clock, count, seconds):
    for _ in range(count):
        clock.now += seconds / count
        progress.advance()


def test_nothing_is_told_before_anything_began(progress):
    progress.advance()
    assert progress.report() == {
        "active": False,
        "done": 0,
        "total": 0,
        "rate": 0.0,
        "eta_s": None,
    }


def test_rate_and_time_left_follow_what_was_done(progress, clock):
    progress.begin(100)
    assert (progress.rate, progress.eta_s) == (0.0, None)
    advance(progress, clock, 20, seconds=10)
    assert progress.rate == pytest.approx(2)
    assert progress.eta_s == pytest.approx(40)
    report = progress.report()
    assert (report["active"], report["done"], report["total"]) == (True, 20, 100)


def test_the_rate_is_that_of_the_last_seconds(progress, clock):
    progress.begin(10_000)
    advance(progress, clock, 1000, seconds=100)
    advance(progress, clock, 100, seconds=2 * WINDOW_S)
    assert progress.rate == pytest.approx(100 / (2 * WINDOW_S), rel=0.1)


def test_a_standstill_lowers_the_rate(progress, clock):
    progress.begin(100)
    advance(progress, clock, 10, seconds=5)
    clock.now += 45
    assert progress.rate == pytest.approx(0.2)


def test_more_than_was_expected_leaves_no_time_less_than_none(progress, clock):
    progress.begin(5)
    advance(progress, clock, 10, seconds=10)
    assert progress.eta_s == 0


def test_the_end_is_told_and_a_new_beginning_starts_from_nothing(progress, clock):
    progress.begin(5)
    advance(progress, clock, 5, seconds=5)
    progress.end()
    report = progress.report()
    assert (report["active"], report["done"], report["eta_s"]) == (False, 5, None)
    progress.advance()
    assert progress.done == 5
    progress.begin(7)
    assert (progress.done, progress.total, progress.rate) == (0, 7, 0.0)
