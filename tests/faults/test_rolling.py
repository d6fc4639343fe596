"""All processes replaced, one after another, while users go on."""

import time

import pytest

from tests.faults.balancing import Balancer, User
from tests.faults.load import Mischief
from tests.faults.places import REAL
from tests.faults.processes import search_api, worker
from tests.faults.searching import unlike_all_others
from tests.system.running import eventually

SEARCHED = "searched for.jpg"


@pytest.mark.soak
def test_a_rolling_restart_under_load_loses_nothing_and_fails_no_search(new_case, tmp_path):
    case = new_case(8, "two workers, two searches replaced one by one", model_id=REAL)
    picture = unlike_all_others(case.load)

    def new_worker(number: int):
        case.workers.append(worker(case.place.settings, tmp_path / f"worker {number}.log"))
        case.workers[-1].is_up()
        eventually(case.workers[-1].partitions)
        return case.workers[-1]

    def new_api(number: int):
        settings = case.place.settings | {"leave_s": 10}
        case.workers.append(search_api(settings, tmp_path / f"serve {number}.log"))
        case.workers[-1].is_up("/readyz")
        return case.workers[-1]

    workers = [new_worker(number) for number in range(2)]
    case.load.fill(50)
    case.load.put(SEARCHED, picture)
    case.settles()
    apis = [new_api(number) for number in range(2)]
    balancer = Balancer(*apis)
    users = [User(balancer, picture, case.judge.digest(picture)) for _ in range(2)]
    mischief = Mischief(case.load, pause_s=0.2, spared=SEARCHED)
    for thread in (balancer, *users, mischief):
        thread.start()
    time.sleep(2)
    for number, old in enumerate(workers):
        new_worker(2 + number)
        assert old.stop()[0] == 0, old.told()
    for number, old in enumerate(apis):
        balancer.add(new_api(2 + number))
        assert old.stop()[0] == 0, old.told()
        balancer.remove(old)
    time.sleep(2)
    mischief.stop()
    for user in users:
        user.stop()
    balancer.stop()
    case.settles()
    searches = users[0].answers + users[1].answers
    assert searches.keys() == {"found"}, searches
    assert len(users[0].processes | users[1].processes) == 4
    again = users[0].again + users[1].again
    assert len(again) < searches.total() / 20, again
    case.observed.repeats = None
    case.observed.note = f"{mischief.done} changes, {searches.total()} searches, none failed"
    case.observed.note += f", {len(again)} asked again as a part was slow"
