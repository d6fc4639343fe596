"""Notifications repeated, reordered, lost and old; objects that change while they are looked at."""

import time

import pytest

from tests.faults.notifications import captured, later, produce
from tests.faults.plans import Strike
from tests.system.running import eventually


@pytest.mark.soak
def test_events_repeated_reordered_dropped_and_old_lead_to_what_the_bucket_holds(new_case):
    case = new_case(18, "events x10, reordered, 10 % dropped, a week old")
    load = case.load
    load.fill(100)
    keys = load.listed()
    load.overwrite(keys[:30])
    load.remove(keys[20:60])
    for number, key in enumerate(keys[60:70]):
        load.copy(key, f"copy {number}.jpg")
    eventually(lambda: len(captured(case.place)) >= 180)  # MinIO tells every few seconds
    messages = captured(case.place)
    case.place.skip_all()
    load.die.shuffle(messages)
    dropped, kept = messages[: len(messages) // 10], messages[len(messages) // 10 :]
    case.worker()
    stream = [later(message, -7 * 86_400) for message in kept * 10]
    load.die.shuffle(stream)
    produce(case.place, stream)
    eventually(lambda: case.judge.lag() == 0)
    truth = case.judge.truth()
    known = {(bucket, key) for bucket, key, *_ in case.judge.tables()[0]}
    assert not known - truth.keys(), "back from the dead"
    produce(case.place, dropped)
    case.settles()
    rows = case.judge.recorded()
    reads = {key: case.journal.count("read")[repr(key)] for key in load.listed()}
    produce(case.place, messages)
    case.settles()
    assert {key: case.journal.count("read")[repr(key)] for key in load.listed()} == reads
    assert case.judge.recorded() == rows
    case.observed.note = f"{len(stream)} events; a replay of {len(messages)} read nothing"
    case.observed.repeats = None


@pytest.mark.soak
def test_the_newest_bytes_win_where_an_object_is_overwritten_while_it_is_embedded(new_case):
    case = new_case(19, "overwritten, and removed, while embedding")
    worker = case.worker(embed_s=2.0)
    worker.is_up()
    for key in ("overwritten.jpg", "removed.jpg"):
        case.load.put(key, case.load.pictures.one())
    eventually(lambda: case.journal.count("read").total() >= 2)
    case.load.overwrite(["overwritten.jpg"])
    case.load.remove(["removed.jpg"])
    case.settles()
    assert case.observed.objects == 1
    case.observed.repeats = None


def test_the_same_bytes_through_two_workers_at_once_are_one_vector(new_case):
    case = new_case(20, "same bytes through two workers at once")
    workers = [case.worker(embed_s=0.01, batch_size=8) for _ in range(2)]
    for worker in workers:
        worker.is_up()
    eventually(lambda: {worker.partitions() for worker in workers} == {4})
    for _ in range(20):
        data = case.load.pictures.one()
        case.load.fill(8, prefix=f"{case.load.die.random()} ", make=lambda data=data: data)
    case.settles()
    shares = [worker.metric("seenit_outcomes_total") for worker in workers]
    assert min(shares) > 0
    assert len({digest for _, digest, _ in case.judge.truth().values()}) == 20
    assert case.observed.objects == 160
    case.observed.note = "160 objects, 20 images; shares {:.0f} and {:.0f}".format(*shares)


@pytest.mark.soak
@pytest.mark.parametrize("when", ["before", "after"])
def test_bytes_that_come_back_while_they_are_collected_have_their_vector(new_case, when):
    case = new_case(19, f"removed, and re-added {when} the collector's delete")
    slow = Strike("index", "delete", when, 0, seconds=3.0)
    case.worker(slow, collect_grace_s=0, leads=True)
    data = case.load.pictures.one()
    case.load.put("there.jpg", data)
    case.settles()
    case.load.remove(["there.jpg"])
    eventually(lambda: case.journal.count("delete").total() > 0)
    case.load.put("back.jpg", data)
    time.sleep(1)
    case.settles()
    assert case.observed.objects == 1
