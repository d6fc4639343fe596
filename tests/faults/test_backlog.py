"""A long backlog: memory stays bounded, lag falls steadily, search goes on."""

import time

import pytest

from tests.faults.notifications import captured, produce


@pytest.mark.soak
def test_a_backlog_of_50000_events_is_worked_off_in_bounded_memory(new_case):
    case = new_case(21, "50,000 events of backlog")
    case.load.fill(2000)
    messages = captured(case.place)
    produce(case.place, messages * 24)
    worker = case.worker()
    worker.is_up()
    lags, memory = [case.judge.lag()], [worker.memory()]
    assert lags[0] >= 48_000
    while lags[-1]:
        time.sleep(2)
        lags.append(case.judge.lag())
        memory.append(worker.memory())
        assert lags[-1] <= lags[-2], "lag never grows"
        assert len(lags) < 300
    case.settles()
    assert max(memory) < 1.5 * 2**30
    case.observed.note = (
        f"{lags[0]} events in {2 * len(lags)} s, at most {max(memory) / 2**20:.0f} MiB with the "
        "decoding processes"
    )
