"""A long backlog: memory stays bounded, lag falls steadily, search goes on."""

import statistics
import time

import pytest

from tests.faults.notifications import captured, produce
from tests.faults.places import REAL
from tests.faults.processes import search_api
from tests.faults.searching import Searcher, unlike_all_others
from tests.system.running import eventually

EVENTS = 50_000
SEARCHED = "searched for.jpg"


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("objects", [2_000, EVENTS], ids=["same objects", "different objects"])
def test_a_backlog_of_50000_events_is_worked_off_in_bounded_memory(new_case, tmp_path, objects):
    case = new_case(21, f"{EVENTS:,} events of {objects:,} objects", model_id=REAL)
    picture = unlike_all_others(case.load)
    case.load.put(SEARCHED, picture)
    case.load.fill(objects)
    eventually(lambda: len(captured(case.place)) > objects, 300)
    produce(case.place, captured(case.place) * (EVENTS // objects - 1))
    worker = case.worker()
    worker.is_up()
    lags, memory = [case.judge.lag()], [worker.memory()]
    assert lags[0] > 0.9 * EVENTS
    searched = case.load.bucket.encode(), SEARCHED.encode()
    eventually(lambda: searched in case.judge.recorded(), 300)
    api = search_api(case.place.settings, tmp_path / "serve.log")
    case.workers.append(api)
    api.is_up("/readyz")
    searcher = Searcher(api.port, picture, case.judge.digest(picture))
    searcher.start()
    while lags[-1]:
        time.sleep(2)
        lags.append(case.judge.lag())
        memory.append(worker.memory())
        assert lags[-1] <= lags[-2], "lag never grows"
    searcher.stop()
    case.settles()
    assert searcher.answers.keys() == {200}
    assert max(memory) < 2 * 2**30
    p50, p99 = (1000 * statistics.quantiles(searcher.seconds, n=100)[n] for n in (49, 98))
    case.observed.repeats = None
    case.observed.note = (
        f"{lags[0]} events; at most {max(memory) / 2**20:.0f} MiB with the "
        f"decoding processes; searches meanwhile p50 {p50:.0f} ms, p99 {p99:.0f} ms"
    )
