"""How far behind, reckoned from offsets."""

from streams.lag import lag_of
from streams.topics import dead_letters, topics_of


def test_lag_is_what_the_topic_holds_beyond_what_was_committed():
    lag = lag_of({0: 7, 1: 5}, {0: 0, 1: 0}, {0: 10, 1: 5})

    assert [(each.partition, each.committed, each.lag) for each in lag.partitions] == [
        (0, 7, 3),
        (1, 5, 0),
    ]
    assert (lag.total, lag.done) == (3, 12)


def test_a_partition_that_nobody_committed_counts_from_its_beginning():
    lag = lag_of({0: -1}, {0: 4, 1: 6}, {0: 10, 1: 6})

    assert [(each.committed, each.lag) for each in lag.partitions] == [(None, 6), (None, 0)]


def test_what_the_topic_no_longer_holds_is_not_waited_for():
    assert lag_of({0: 2}, {0: 8}, {0: 10}).total == 2


def test_a_topic_that_was_emptied_and_begins_anew_has_no_negative_lag():
    assert lag_of({0: 500}, {0: 0}, {0: 3}).total == 0


def test_a_dead_letter_may_be_larger_than_what_it_is_about():
    notifications, letters = topics_of("seenit.notifications", 8, 3)

    assert (notifications.partitions, notifications.replication) == (8, 3)
    assert (
        letters.name == dead_letters("seenit.notifications") == "seenit.notifications.dead-letter"
    )
    assert letters.replication == 3
    assert int(letters.options["max.message.bytes"]) > 2**20
