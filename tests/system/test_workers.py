"""Workers that are stopped, killed and joined by others: all is done, and by one of them."""

import pytest

from tests.system.desk import caught_up, indexed
from tests.system.running import eventually


def test_what_a_killed_worker_had_in_its_hands_comes_again(desk, pictures):
    desk.make_topics()
    first = desk.worker()
    first.address()
    keys = [f"{n}.jpg" for n in range(100)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(first) > 0)
    first.kill()
    second = desk.worker()
    eventually(caught_up(second))
    assert desk.rows() == dict.fromkeys(keys, "indexed")


@pytest.mark.parametrize("without_cython", ["", "1"], ids=["stream in C", "stream in Python"])
def test_a_worker_told_to_stop_finishes_and_nothing_is_done_twice(
    desk, pictures, monkeypatch, without_cython
):
    monkeypatch.setenv("NO_CYTHON", without_cython)
    desk.make_topics()
    first = desk.worker(in_flight=64)
    first.address()
    keys = [f"{n}.jpg" for n in range(150)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(first) > 0)
    assert first.stop() == 0
    done = len(desk.rows())
    second = desk.worker()
    eventually(caught_up(second))
    assert desk.rows() == dict.fromkeys(keys, "indexed")
    assert done + indexed(second) == len(keys)


@pytest.mark.soak
def test_a_worker_told_to_stop_while_a_part_is_down_ends_in_time_and_loses_nothing(
    desk, pictures, stack
):
    desk.make_topics()
    first = desk.worker(drain_s=2)
    first.address()
    keys = [f"{n}.jpg" for n in range(40)]
    for key in keys:
        desk.put(key, pictures.one())
    stack.daemons["milvus"].kill()
    desk.tell_of(*keys)
    eventually(lambda: first.status()["waiting_for"] == ["index"])
    told = first.get("/readyz")
    assert (told.status_code, "index" in told.json()["waiting_for"]) == (503, True)
    assert first.get("/livez").status_code == 200
    assert first.stop() == 0
    assert desk.committed() == 0
    stack.daemons["milvus"].start()
    second = desk.worker()
    eventually(caught_up(second))
    assert desk.rows() == dict.fromkeys(keys, "indexed")


@pytest.mark.soak
def test_without_kafka_a_worker_waits_and_goes_on_and_can_be_stopped(desk, pictures, stack):
    desk.make_topics()
    workers = [desk.worker(), desk.worker()]
    eventually(caught_up(*workers))
    stack.daemons["kafka"].kill()
    for worker in workers:
        eventually(lambda worker=worker: worker.status()["waiting_for"] == ["kafka"])
        assert worker.get("/readyz").status_code == 503
        assert worker.get("/livez").status_code == 200
    stopped, waiting = workers
    assert stopped.stop() == 0
    stack.daemons["kafka"].start()
    keys = [f"{n}.jpg" for n in range(20)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(waiting) == len(keys))
    eventually(caught_up(waiting))
    assert waiting.stop() == 0


def test_workers_share_the_partitions_and_take_over_from_each_other(desk, pictures):
    desk.make_topics()
    workers = [desk.worker(), desk.worker()]
    eventually(lambda: [len(w.status()["partitions"]) for w in workers] == [4, 4])
    keys = [f"{n}.jpg" for n in range(100)]
    for key in keys:
        desk.put(key, pictures.one())
    desk.tell_of(*keys)
    eventually(lambda: indexed(*workers) > 20)
    leaving, staying = workers
    assert leaving.stop() == 0
    eventually(caught_up(staying))
    assert desk.rows() == dict.fromkeys(keys, "indexed")
