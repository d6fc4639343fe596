"""`seenit worker` on the real services: told by MinIO itself, or by hand where that is better."""

import json

import pytest

from tests.system.desk import PARTITIONS, caught_up, indexed
from tests.system.running import eventually, verb

KEYS = ["a b+c.jpg", "100%2F%25.jpg", "\N{GRINNING FACE}/e\u0301.jpg", "\u202egpj", "A", "a"]


def test_what_is_put_into_the_bucket_is_indexed_and_what_is_removed_is_forgotten(desk, pictures):
    desk.listen_to_minio()
    worker = desk.worker()
    assert worker.get("/readyz").json() == {"status": "ready"}
    for key in KEYS:
        desk.put(key, pictures.one())
    desk.put("text.jpg", b"this is no picture")
    eventually(lambda: worker.outcomes()["indexed"] == len(KEYS))
    eventually(lambda: worker.outcomes()["rejected"] == 1)
    for key in KEYS:
        desk.minio.remove_object(desk.bucket, key)
    eventually(lambda: worker.outcomes()["removed"] == len(KEYS))
    eventually(caught_up(worker))
    assert worker.metric("seenit_lag_events") == 0
    assert worker.get("/livez").status_code == 200
    eventually(lambda: len(desk.offsets()) == PARTITIONS)  # the idle ones too
    assert worker.stop() == 0
    assert not any("Traceback" in line for line in worker.log), worker.log


def test_what_cannot_be_read_goes_to_the_dead_letters_and_holds_nothing_up(desk, pictures):
    desk.make_topics(partitions=1)
    worker = desk.worker()
    worker.address()
    desk.put("good.jpg", pictures.one())
    desk.put("bad.jpg", b"this is no picture")
    desk.tell(None, b"null", b"{", b"\xff", b'{"Records": [{}]}', b" " * 1_000_000)
    desk.tell_of("bad.jpg", "good.jpg")
    eventually(lambda: indexed(worker) == 1)
    eventually(lambda: desk.committed() == 8)
    letters = [(letter.value, dict(letter.headers)) for letter in desk.records("dead-letter")]
    assert [headers["reason"] for _, headers in letters[:6]] == [b"malformed"] * 6
    assert [headers["offset"] for _, headers in letters[:6]] == [b"%d" % n for n in range(6)]
    assert [value for value, _ in letters[:4]] == [None, b"null", b"{", b"\xff"]
    assert len(letters[5][0]) < 1_000_000
    assert letters[5][1]["cut_from"] == b"1000000"
    [(value, headers)] = letters[6:]
    assert json.loads(value)["Records"][0]["s3"]["object"]["key"] == "bad.jpg"
    assert (headers["reason"], headers["key"]) == (b"not_a_picture", b"bad.jpg")
    assert headers["topic"] == desk.topic.encode()
    assert headers.keys() >= {"partition", "time", "detail", "bucket"}


def test_a_topic_that_is_made_anew_is_consumed_from_its_beginning(desk, pictures):
    desk.make_topics()
    worker = desk.worker()
    worker.address()
    desk.put("old.jpg", pictures.one())
    desk.tell_of(*["old.jpg"] * 50)
    eventually(lambda: desk.committed() == 50)
    desk.drop_topic()
    desk.make_topics()
    desk.put("new.jpg", pictures.one())
    desk.tell_of("new.jpg")
    eventually(lambda: indexed(worker) == 2)


def test_nothing_but_poison_stops_the_worker_and_what_is_left_is_kept(desk):
    desk.make_topics()
    worker = desk.worker()
    worker.address()
    keys = [f"{n}.jpg" for n in range(600)]
    for key in keys:
        desk.put(key, f"no picture {key}".encode())
    desk.tell_of(*keys)
    assert worker.wait(90) == 1
    [line] = [line for line in worker.log if "SEENIT_REJECTION_LIMIT" in line]
    assert "200 of the last 200 objects read were rejected" in line
    assert not any("Traceback" in line for line in worker.log), worker.log
    assert 200 <= len(desk.rows()) < 600
    assert 0 <= desk.committed() < 600


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({}, "SEENIT_KAFKA_URL"),
        ({"kafka_url": "http://127.0.0.1:9092"}, "SEENIT_KAFKA_URL"),
        ({"kafka_url": "kafka://127.0.0.1:9092"}, "SEENIT_STORAGE_URL"),
        ({"kafka_url": "kafka://127.0.0.1:9092", "in_flight": "0"}, "SEENIT_IN_FLIGHT"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_by_name(settings, option):
    assert option in verb("worker", exit_code=2, **settings).output
