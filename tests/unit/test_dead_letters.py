"""What a dead letter says about the message it holds."""

from datetime import UTC, datetime

from prometheus_client import REGISTRY

from streams.dead_letters import MOST_BYTES, DeadLetter, DeadLetters
from streams.kafka import kafka_address

TIME = datetime(2027, 1, 2, 3, 4, 5, 678_901, UTC)


def test_it_says_all_that_is_known_and_when():
    about = {"reason": "broken", "key": "\udcff\N{GRINNING FACE}"}
    letter = DeadLetter(b"key", b"value", about, TIME)
    assert letter.headers == [
        ("reason", b"broken"),
        ("key", b"\xff\xf0\x9f\x98\x80"),
        ("time", b"2027-01-02T03:04:05.678+00:00"),
    ]


def test_it_says_how_long_a_value_was_that_is_too_long_to_keep():
    assert "cut_from" not in dict(DeadLetter(None, b"x" * MOST_BYTES, {}, TIME).headers)
    headers = dict(DeadLetter(None, b"x" * (MOST_BYTES + 1), {}, TIME).headers)
    assert headers["cut_from"] == b"921601"
    assert dict(DeadLetter(None, None, {}, TIME).headers).keys() == {"time"}


def test_letters_that_are_not_written_yet_are_told_of():
    letters = DeadLetters(kafka_address("kafka://127.0.0.1:9"), "dead-letter")
    for _ in range(2):
        letters.write(DeadLetter(None, None, {}), lambda: None)
    assert REGISTRY.get_sample_value("seenit_in_flight", {"unit": "dead_letters"}) == 2
