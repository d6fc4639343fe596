"""Workers killed, stopped, halted and blocked, at any moment; what others do goes on."""

import time

import pytest

from tests.faults.load import Mischief
from tests.faults.plans import Strike
from tests.system.running import eventually

IN_FLIGHT = 64
SESSION_S = 10
"""After so long without a sign of life a worker's partitions go to others."""

BOUNDARIES = [
    Strike("index", "upsert", "after"),
    Strike("catalog", "record", "after", 2),
    Strike("store", "read", "before", 40),
    Strike("catalog", "claim", "after"),
]
MORE_BOUNDARIES = [
    Strike("catalog", "known"),
    Strike("catalog", "known", "after", 3),
    Strike("store", "read", "after", 70),
    Strike("store", "stat", "before", 30),
    Strike("catalog", "known_images", "before", 2),
    Strike("decoder", "decode_all", "after", 2),
    Strike("catalog", "claim", "before", 2),
    Strike("index", "upsert", "before", 2),
    Strike("catalog", "record", "before", 2),
    Strike("catalog", "record", "after", 1),
]


@pytest.mark.parametrize(
    "boundaries",
    [
        pytest.param(BOUNDARIES, id="the riskiest"),
        pytest.param(MORE_BOUNDARIES, id="the others", marks=[pytest.mark.soak]),
    ],
)
def test_a_worker_killed_at_a_steps_boundary_repeats_only_what_was_not_acknowledged(
    new_case, boundaries
):
    cases = []
    for strike in boundaries:
        orphan = (strike.part, strike.method, strike.when) == ("index", "upsert", "after")
        words = f"killed {strike.when} {strike.part}.{strike.method}"
        case = new_case(15 if orphan else 1, words)
        case.load.fill(100)
        cases.append(case)
    settings = {"in_flight": IN_FLIGHT, "batch_size": 16}
    killed = [
        case.worker(strike, **settings) for case, strike in zip(cases, boundaries, strict=True)
    ]
    left = []
    for case, worker in zip(cases, killed, strict=True):
        assert worker.wait() == -9, worker.told()
        left.append((case.judge.lag(), time.monotonic()))
        case.worker(**settings)
    for case, (unacknowledged, since) in zip(cases, left, strict=True):
        case.settles(since=since)
        repeats = case.repeats("look")
        assert repeats <= unacknowledged, (repeats, unacknowledged)
        case.end()


def test_a_worker_told_to_stop_ends_well_and_the_next_repeats_nothing(new_case):
    case = new_case(2, "SIGTERM in the middle of a batch")
    case.load.fill(300)
    first = case.worker(embed_s=0.02, in_flight=IN_FLIGHT, batch_size=16)
    first.is_up()
    eventually(lambda: first.metric("seenit_outcomes_total") >= 50)
    code, seconds = first.stop()
    assert code == 0, first.told()
    assert "Traceback" not in first.told()
    done = case.judge.rows()
    assert 50 <= done < 300
    case.worker()
    case.settles()
    assert case.repeats("look") == 0
    case.observed.note = f"exit 0 after {seconds:.1f} s, {done} of 300 done by then"


@pytest.mark.soak
def test_a_worker_halted_beyond_its_session_changes_nothing_when_it_goes_on(new_case):
    case = new_case(3, "SIGSTOP past the session, then CONT")
    case.load.fill(200)
    zombie = case.worker(embed_s=0.02, in_flight=IN_FLIGHT)
    zombie.is_up()
    eventually(lambda: zombie.metric("seenit_outcomes_total") >= 20)
    zombie.halt()
    halted = time.monotonic()
    keys = case.load.listed()
    case.load.overwrite(keys[0:200:2])
    case.load.remove(keys[1:200:4])
    case.worker()
    case.settles()
    time.sleep(max(0.0, SESSION_S + 5 - (time.monotonic() - halted)))
    before, _ = case.judge.tables()
    zombie.go_on()
    eventually(lambda: zombie.status("/livez") in {200, 0} and _has_spoken(zombie))
    time.sleep(3)  # what it had in its hands when it was halted is through, or dropped
    assert case.judge.tables()[0] == before
    case.settles()
    case.observed.repeats = None


def _has_spoken(worker) -> bool:
    return worker.status("/metrics") == 200 or not worker.running


@pytest.mark.soak
def test_workers_may_come_and_go_while_loaded(new_case):
    case = new_case(8, "1, 3, then 1 worker while loaded")
    mischief = Mischief(case.load, pause_s=0.02)
    mischief.start()
    first = case.worker(embed_s=0.002)
    first.is_up()
    others = [case.worker(embed_s=0.002) for _ in range(2)]
    for worker in others:
        worker.is_up()
        eventually(lambda worker=worker: worker.metric("seenit_outcomes_total") >= 5)
    for worker in others:
        code, _ = worker.stop()
        assert code == 0, worker.told()
    time.sleep(2)
    mischief.stop()
    case.settles()
    assert mischief.done > 200
    case.observed.repeats = None
    case.observed.note = f"{mischief.done} changes, {case.share_repeated():.1%} repeated"


@pytest.mark.soak
def test_a_worker_whose_event_loop_was_blocked_takes_part_again(new_case):
    case = new_case(4, "event loop blocked for 120 s")
    case.load.fill(200)
    began = time.monotonic()
    worker = case.worker(Strike("catalog", "known", "before", 4, seconds=120.0), batch_size=16)
    worker.is_up()
    eventually(lambda: worker.status("/livez") != 200)
    time.sleep(max(0.0, 100 - (time.monotonic() - began)))
    if not worker.running:  # whoever supervises it starts another
        case.worker()
    eventually(lambda: worker.status("/livez") == 200 or not worker.running)
    if not worker.running:
        case.worker()
    case.settles()
