"""Bytes that are no picture, or bring decoders down: one rejection each, and the others go on."""

import io

import pytest
from PIL import Image

from tests.faults.load import HOG
from tests.system.running import eventually


def test_a_poison_picture_costs_the_others_of_its_batch_nothing(new_case):
    case = new_case(6, "one poison picture in a batch of 64")
    case.load.fill(63)
    case.load.put("00031 poison.jpg", case.load.poison())
    case.worker(batch_size=64)
    case.settles()
    assert (case.observed.objects, case.observed.rejected) == (64, 1)
    (letter,) = case.judge.dead_letters()
    assert letter.headers["reason"] == b"not_a_picture"
    assert {"topic", "partition", "offset", "time"} <= letter.headers.keys()


def hog() -> bytes:
    """A picture of little bytes and much memory, which says of itself what it is."""
    encoded = io.BytesIO()
    Image.new("RGB", (16_000, 6_000)).save(encoded, "PNG")
    return encoded.getvalue() + HOG


@pytest.mark.soak
def test_a_decoder_that_crashes_or_eats_memory_costs_one_rejection(new_case):
    case = new_case(5, "decoder crash, memory runaway")
    case.load.fill(40)
    case.load.put("00017 crash.jpg", case.load.crash())
    case.load.put("00023 hog.png", hog())
    case.worker(decode_memory=2**29)
    case.settles()
    assert (case.observed.objects, case.observed.rejected) == (42, 2)


@pytest.mark.soak
def test_where_all_is_poison_the_worker_halts_and_keeps_the_backlog(new_case):
    case = new_case(7, "nothing but poison")
    case.load.fill(400, make=case.load.poison)
    halting = case.worker(batch_size=16, in_flight=32)
    assert halting.wait() != 0
    assert "rejected" in halting.told().lower()
    assert case.judge.lag() > 0
    rows = case.judge.rows()
    assert 0 < rows < 400
    case.worker(rejection_limit=1)
    eventually(lambda: case.judge.rows() > rows)
    case.settles()
    assert case.observed.rejected == 400
    case.observed.note = f"halted with {rows} of 400 rejected"
