"""Kafka cut off, not writable, wiped."""

import time

import pytest

from tests.system.running import eventually


@pytest.mark.soak
def test_what_cannot_be_written_to_the_dead_letters_is_not_acknowledged(new_case):
    case = new_case(11, "dead-letter topic not writable")
    worker = case.worker()
    worker.is_up()
    with case.place.topics.not_writable(case.place.dead_letters):
        case.load.fill(30)
        case.load.put("00003 poison.jpg", case.load.poison())
        eventually(lambda: case.judge.rows() == 31)
        time.sleep(5)
        assert case.judge.lag() >= 1
        assert worker.running
        assert case.judge.dead_letters() == []
    case.settles()
    assert case.observed.rejected == 1
    assert {letter.headers["reason"] for letter in case.judge.dead_letters()} == {b"not_a_picture"}


@pytest.mark.soak
def test_a_worker_cut_off_from_kafka_takes_part_again(new_case, ground, proxies):
    case = new_case(9, "cut off from Kafka for 20 s")
    worker = case.worker(**ground.proxied(case.place, kafka=proxies["kafka"]))
    worker.is_up()
    case.load.fill(50)
    case.settles()
    proxies["kafka"].cut()
    case.load.fill(100, prefix="more ")
    time.sleep(20)
    proxies["kafka"].mend()
    case.settles()
