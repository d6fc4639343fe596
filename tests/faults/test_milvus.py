"""Milvus slow, over its limits, or emptied."""

import time

import pytest

from tests.system.running import eventually


@pytest.mark.soak
def test_a_slow_milvus_is_waited_for_and_memory_stays_bounded(new_case, ground, proxies):
    case = new_case(12, "Milvus slow by 30 s")
    case.load.fill(2000)
    worker = case.worker(**ground.proxied(case.place, milvus=proxies["milvus"]))
    worker.is_up()
    eventually(lambda: case.judge.rows() > 100)
    before = worker.memory()
    proxies["milvus"].slow(30_000)
    time.sleep(70)
    after = worker.memory()
    assert worker.running
    proxies["milvus"].mend()
    case.settles()
    assert case.observed.rejected == 0
    assert after < before + 200 * 2**20
    case.observed.note = f"{(after - before) / 2**20:+.0f} MiB in 70 s"


@pytest.mark.soak
def test_a_milvus_over_its_limits_is_waited_for(new_case, ground):
    case = new_case(12, "Milvus refuses writes: quota exceeded")
    worker = case.worker()
    worker.is_up()
    case.load.fill(20)
    case.settles()
    with ground.milvus_refuses_writes(case.place):
        case.load.fill(100, prefix="more ")
        eventually(lambda: case.judge.lag() >= 100)
        time.sleep(3)
        assert worker.running
        assert case.judge.lag() >= 100
    case.settles()
    assert case.observed.rejected == 0
