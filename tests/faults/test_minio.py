"""MinIO restarted, slow, and cut off in the middle of what it sends."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from minio.error import MinioException
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from tests.faults.notifications import captured, key_of
from tests.faults.places import Place
from tests.system.running import eventually

PUTS = 1000


def large(load) -> bytes:
    """A picture that takes many packets."""
    return load.pictures.jpeg(load.pictures.originals[0].resize((900, 900)), quality=95) + (
        load.die.randbytes(16)
    )


class Hasty:
    """Puts one object after another, without a second try at any, and notes what was answered."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._enough = threading.Event()
        self.answered: list[str] = []

    def put(self, prefix: str) -> None:
        client = self._place.s3(PoolManager(retries=False, timeout=10))
        number = 0
        while not self._enough.wait(0.01):
            key, number = f"{prefix}/{number:05}", number + 1
            try:
                client.put_object(self._place.buckets[0], key, io.BytesIO(b"any"), 3)
            except (MinioException, HTTPError):
                continue
            self.answered.append(key)

    def stop(self) -> None:
        self._enough.set()


def test_all_that_minio_accepts_around_its_restart_it_tells_of(new_case, ground):
    case = new_case(16, "MinIO kill -9 during PUTs: what it tells")
    hasty = Hasty(case.place)
    with ThreadPoolExecutor() as threads:
        putting = [threads.submit(hasty.put, prefix) for prefix in "abcd"]
        for _ in range(2):
            time.sleep(0.5)
            ground.kill("minio")
            ground.start("minio")
        time.sleep(0.5)
        hasty.stop()
    for done in putting:
        done.result()

    def untold() -> set[str]:
        return set(hasty.answered) - set(map(key_of, captured(case.place)))

    case.observed.objects = len(hasty.answered)
    assert case.observed.objects > 50
    eventually(lambda: not untold())


@pytest.mark.soak
@pytest.mark.parametrize("trouble", ["cut", "slow"])
def test_half_a_file_is_never_taken_for_the_whole(new_case, ground, proxies, trouble):
    case = new_case(16, f"MinIO {trouble} in the middle of GETs")
    case.load.fill(20, make=lambda: large(case.load))
    proxy = proxies["minio"]
    if trouble == "cut":
        proxy.limit(100_000)
    else:
        proxy.slow(2_000, jitter_ms=1_000)
    worker = case.worker(**ground.proxied(case.place, minio=proxy))
    worker.is_up()
    eventually(lambda: case.journal.count("read").total() >= 8)
    time.sleep(5)
    assert worker.running
    assert case.judge.rows() == 0 or trouble == "slow"
    proxy.mend()
    case.settles()
    assert case.observed.rejected == 0
    case.observed.repeats = None


@pytest.mark.soak
def test_a_restart_during_a_thousand_puts_loses_nothing_that_was_put(new_case, ground):
    case = new_case(16, "MinIO kill -9 twice during 1,000 PUTs")
    case.worker(leads=True).is_up()
    putting = threading.Thread(target=put_until_done, args=(case.load, PUTS))
    putting.start()
    for count in (300, 600):
        eventually(lambda count=count: case.judge.rows() > count)
        ground.kill("minio")
        time.sleep(1)
        ground.start("minio")
    putting.join(300)
    case.settles()
    assert case.observed.objects == PUTS
    case.observed.repeats = None


def put_until_done(load, count: int) -> None:
    """Put as a stubborn user does: again, until it is there."""
    for number in range(count):
        data = load.pictures.one()
        while not load.tries_to_put(f"{number:05}.jpg", data):
            time.sleep(0.5)
