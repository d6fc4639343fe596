"""What was lost is restored from the bucket, and never by removing what only seems to be gone."""

import time

import pytest

from tests.faults.notifications import captured, produce
from tests.system.running import eventually

OFTEN = {"reconcile_s": 3, "leads": True}


@pytest.mark.soak
def test_an_emptied_index_and_an_emptied_catalog_are_rebuilt(new_case):
    case = new_case(13, "Milvus emptied; then the catalog emptied")
    case.load.fill(100)
    worker = case.worker(**OFTEN)
    worker.is_up()
    case.settles()
    case.place.empty_index()
    case.settles()
    first = case.observed.seconds
    case.place.empty_catalog()
    case.settles()
    case.observed.note = f"index after {first:.1f} s"
    case.observed.repeats = None


@pytest.mark.soak
def test_a_listing_that_fails_half_way_removes_nothing(new_case, ground, proxies):
    case = new_case(17, "listing cut half-way")
    case.load.fill(1500)
    case.worker().is_up()
    case.settles()
    case.workers[0].stop()
    proxies["minio"].limit(100_000)  # a page of a thousand has more
    worker = case.worker(**OFTEN, **ground.proxied(case.place, minio=proxies["minio"]))
    worker.is_up()
    time.sleep(10)
    assert worker.running
    assert case.judge.rows() == 1500
    proxies["minio"].mend()
    case.settles()
    assert case.judge.rows() == 1500


@pytest.mark.soak
def test_a_bucket_that_was_emptied_or_swapped_behind_its_back_is_asked_about(new_case):
    case = new_case(17, "bucket swapped without a word")
    case.load.fill(50)
    worker = case.worker(**OFTEN)
    worker.is_up()
    case.settles()
    case.place.mute()
    case.load.remove(case.load.listed())
    case.load.fill(20, prefix="another ")
    eventually(lambda: case.judge.rows() == 70)
    time.sleep(8)
    assert case.judge.rows() == 70
    assert "--force" in worker.told()
    worker.stop()
    case.worker(removal_guard=1, **OFTEN)
    case.settles()
    case.observed.note = "50 removals held back until allowed"
    case.observed.repeats = None


@pytest.mark.soak
def test_a_wiped_kafka_is_made_up_for_by_the_bucket_and_a_replay_makes_no_rows(new_case):
    case = new_case(10, "topic deleted with its events, offsets lost")
    worker = case.worker(**OFTEN)
    worker.is_up()
    case.load.fill(100)
    case.settles()
    messages = captured(case.place)
    case.place.topics.wipe(case.place.topic)
    case.load.fill(100, prefix="more ")
    eventually(lambda: case.judge.rows() == 200 or not worker.running)
    if not worker.running:  # whoever supervises it starts another
        case.worker(**OFTEN)
    case.settles()
    before = case.judge.recorded()
    produce(case.place, messages)
    case.settles()
    assert case.judge.recorded() == before
    case.observed.repeats = None


@pytest.mark.soak
def test_of_two_workers_one_reconciles_and_the_other_follows_when_it_is_gone(new_case):
    case = new_case(22, "two reconcilers; the leader killed")
    case.load.fill(50)
    workers = [case.worker(reconcile_s=2, leads=True) for _ in range(2)]
    for worker in workers:
        worker.is_up()
    case.settles()
    time.sleep(6)
    before = case.journal.count("list")
    time.sleep(6)
    leading = {pid for pid, count in case.journal.count("list").items() if count > before[pid]}
    assert len(leading) == 1, leading
    (pid,) = leading
    leader = next(worker for worker in workers if str(worker.process.pid) in pid)
    leader.kill()
    case.place.mute()
    case.load.fill(20, prefix="unheard of ")
    case.settles()
    case.observed.repeats = None
