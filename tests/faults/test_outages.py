"""Services killed while the product's own worker and search run: ingest waits, search says so.

One place for all of it, so that each outage also meets what the last one left.
"""

import io
import threading
import time
from collections import Counter
from contextlib import contextmanager

import httpx
import pytest

from tests.faults.load import Mischief
from tests.faults.places import REAL
from tests.faults.processes import search_api, worker
from tests.system.running import eventually

BACK_S = 30.0
SEARCHED = "searched for.jpg"


class Searcher(threading.Thread):
    """Searches all the time for a picture that is there, and notes each answer.

    Attributes:
        answers: how often each status came.
        wrong: answers that were neither whole nor an honest 503.
    """

    def __init__(self, port: int, picture: bytes, image_id: str) -> None:
        super().__init__(daemon=True)
        self._url = f"http://127.0.0.1:{port}/v1/search"
        self._picture, self._image_id = picture, image_id
        self._enough = threading.Event()
        self.answers: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.last_ok = time.monotonic()

    def run(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._enough.wait(0.1):
                self._note(client.post(self._url, files={"image": io.BytesIO(self._picture)}))

    def _note(self, reply: httpx.Response) -> None:
        self.answers[reply.status_code] += 1
        if reply.status_code == 200:
            hits = reply.json()["hits"]
            if not hits or hits[0]["image_id"] != self._image_id or not hits[0]["objects"]:
                self.wrong.append(reply.text)
            self.last_ok = time.monotonic()
        elif reply.status_code != 503 or int(reply.headers.get("Retry-After", 0)) < 1:
            self.wrong.append(f"{reply.status_code} {reply.headers} {reply.text}")

    def stop(self) -> None:
        self._enough.set()
        self.join(70)
        assert not self.wrong, (self.wrong[:3], len(self.wrong))


class Life:
    """The product at work on one place: worker, search, and users who change things and search."""

    def __init__(self, case, folder) -> None:
        self.case = case
        self.worker = worker(case.place.settings, folder / "worker.log")
        case.workers.append(self.worker)
        self.worker.is_up()
        case.load.fill(50)
        # Others show the same six scenes; what is searched for is unlike all of them.
        scene = case.load.pictures.originals[3].crop((50, 50, 250, 250)).rotate(90)
        self._picture = case.load.pictures.jpeg(scene)
        case.load.put(SEARCHED, self._picture)
        case.settles(90)
        self.api = search_api(case.place.settings, folder / "serve.log")
        case.workers.append(self.api)
        self.api.is_up("/readyz")

    @contextmanager
    def outage(self, new_line, row: int, fault: str, expected: set[int]):
        """Users go on while a part is down; afterwards all comes right again."""
        case = self.case
        case.observed = new_line(row, fault)
        searcher = Searcher(self.api.port, self._picture, case.judge.digest(self._picture))
        mischief = Mischief(case.load, pause_s=0.1, spared=SEARCHED)
        searcher.start()
        mischief.start()
        time.sleep(1)
        yield mischief
        healthy = time.monotonic()
        eventually(lambda: searcher.last_ok > healthy, BACK_S)
        back = searcher.last_ok - healthy
        eventually(lambda: self.api.status("/readyz") == 200, BACK_S)
        time.sleep(1)
        mischief.stop()
        searcher.stop()
        case.settles(60)
        assert self.worker.running
        assert searcher.answers.keys() == expected, searcher.answers
        case.observed.note = f"search back after {back:.1f} s; answers {dict(searcher.answers)}"


@pytest.fixture(scope="module")
def life(new_module_case, tmp_path_factory):
    case = new_module_case(0, "the product's own worker and search", model_id=REAL)
    return Life(case, tmp_path_factory.mktemp("life"))


def test_while_milvus_is_down_ingest_waits_and_search_says_so(life, ground, new_line):
    with life.outage(new_line, 12, "Milvus kill -9", {200, 503}):
        ground.kill("milvus")
        time.sleep(4)
        ground.start("milvus")


def test_while_mysql_is_down_ingest_waits_and_search_says_so(life, ground, new_line):
    with life.outage(new_line, 14, "MySQL kill -9 while transactions commit", {200, 503}):
        for _ in range(3):
            ground.kill("mysql")
            time.sleep(1)
            ground.start("mysql")
            time.sleep(1)


def test_kafka_being_down_does_not_touch_search(life, ground, new_line):
    with life.outage(new_line, 9, "Kafka kill -9, restarted", {200}):
        ground.kill("kafka")
        time.sleep(4)
        ground.start("kafka")


def test_what_was_put_while_minio_restarts_is_found(life, ground, new_line):
    with life.outage(new_line, 16, "MinIO kill -9 during PUTs", {200}):
        ground.kill("minio")
        time.sleep(2)
        ground.start("minio")
