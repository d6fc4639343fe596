"""Services killed while the product's own worker and search run: ingest waits, search says so.

One place for all of it, so that each outage also meets what the last one left.
"""

import time
from contextlib import contextmanager

import pytest

from tests.faults.load import Mischief
from tests.faults.places import REAL
from tests.faults.processes import search_api, worker
from tests.faults.searching import Searcher, unlike_all_others
from tests.system.running import eventually

SEARCHED = "searched for.jpg"


class Life:
    """The product at work on one place: worker, search, and users who change things and search."""

    def __init__(self, case, folder) -> None:
        self.case = case
        self.worker = worker(case.place.settings, folder / "worker.log")
        case.workers.append(self.worker)
        self.worker.is_up()
        case.load.fill(50)
        self._picture = unlike_all_others(case.load)
        case.load.put(SEARCHED, self._picture)
        case.settles()
        self.api = search_api(case.place.settings, folder / "serve.log")
        case.workers.append(self.api)
        self.api.is_up("/readyz")

    @contextmanager
    def outage(self, new_line, row: int, fault: str, expected: set[int]):
        """Users go on while a part is down; afterwards all comes right again.

        Yields how often search gave which answer.
        """
        case = self.case
        case.observed = new_line(row, fault)
        searcher = Searcher(self.api.port, self._picture, case.judge.digest(self._picture))
        mischief = Mischief(case.load, pause_s=0.1, spared=SEARCHED)
        searcher.start()
        mischief.start()
        time.sleep(1)
        yield searcher.answers
        healthy = time.monotonic()
        eventually(lambda: searcher.last_ok > healthy)
        back = searcher.last_ok - healthy
        eventually(lambda: self.api.status("/readyz") == 200)
        time.sleep(1)
        mischief.stop()
        searcher.stop()
        case.settles()
        case.observed.repeats = None
        assert self.worker.running
        assert searcher.answers.keys() == expected, searcher.answers
        case.observed.note = f"search back after {back:.1f} s; answers {dict(searcher.answers)}"


@pytest.fixture(scope="module")
def life(new_module_case, tmp_path_factory):
    case = new_module_case(0, "the product's own worker and search", model_id=REAL)
    return Life(case, tmp_path_factory.mktemp("life"))


def test_while_milvus_is_down_ingest_waits_and_search_says_so(life, ground, new_line):
    with life.outage(new_line, 12, "Milvus kill -9", {200, 503}) as answers:
        ground.kill("milvus")
        time.sleep(4)
        eventually(lambda: answers[503])
        ground.start("milvus")


def test_while_mysql_is_down_ingest_waits_and_search_says_so(life, ground, new_line):
    words = "MySQL kill -9 while transactions commit"
    with life.outage(new_line, 14, words, {200, 503}) as answers:
        for _ in range(2):
            ground.kill("mysql")
            time.sleep(1)
            eventually(lambda: answers[503])
            ground.start("mysql")
            time.sleep(1)


@pytest.mark.soak
def test_kafka_being_down_does_not_touch_search(life, ground, new_line):
    with life.outage(new_line, 9, "Kafka kill -9, restarted", {200}):
        ground.kill("kafka")
        time.sleep(4)
        ground.start("kafka")


def test_what_was_put_while_minio_restarts_is_found(life, ground, new_line):
    with life.outage(new_line, 16, "MinIO kill -9 during PUTs", {200}):
        ground.kill("minio")
        eventually(lambda: life.api.status("/readyz") == 503)
        assert life.api.status("/readyz?parts=none") == 200, "Kubernetes would send no search"
        ground.start("minio")
