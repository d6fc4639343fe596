"""When almost all that is read is bad, it stops; never before enough was read."""

import pytest

from shared.records import Event, ObjectRef, Outcome
from streams.batches import Settled
from streams.breaker import LAST, Breaker, TooManyRejections


def count(breaker: Breaker, outcome: Outcome, times: int = 1) -> None:
    for _ in range(times):
        breaker.count(Settled(Event(ObjectRef("images", "a"), 0.0), outcome))


def test_it_stops_once_enough_was_read_and_says_which_setting_rules_it():
    breaker = Breaker(0.95)
    count(breaker, Outcome.REJECTED, LAST - 1)
    with pytest.raises(
        TooManyRejections, match=r"200 of the last 200 .*SEENIT_REJECTION_LIMIT=0.95"
    ):
        count(breaker, Outcome.REJECTED)


@pytest.mark.parametrize("good", [Outcome.INDEXED, Outcome.DUPLICATE])
def test_a_share_within_the_limit_is_borne(good):
    breaker = Breaker(0.95)
    for _ in range(20):
        count(breaker, Outcome.REJECTED, 19)
        count(breaker, good)


def test_only_the_last_objects_count():
    breaker = Breaker(0.5)
    count(breaker, Outcome.INDEXED, LAST)
    count(breaker, Outcome.REJECTED, LAST // 2)
    with pytest.raises(TooManyRejections, match="101 of"):
        count(breaker, Outcome.REJECTED)


@pytest.mark.parametrize("unread", [Outcome.UNCHANGED, Outcome.REMOVED])
def test_what_was_not_read_does_not_count(unread):
    breaker = Breaker(0.5)
    count(breaker, Outcome.REJECTED, LAST - 1)
    count(breaker, unread, 10 * LAST)
    with pytest.raises(TooManyRejections):
        count(breaker, Outcome.REJECTED)


def test_a_limit_of_one_never_stops():
    count(Breaker(1.0), Outcome.REJECTED, 3 * LAST)
