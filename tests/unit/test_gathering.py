"""Head and body of an answer go in one write, and nothing is held for long."""

import asyncio

import pytest

from shared.gathering import GatheringTransport


class Recorder(asyncio.Transport):
    """Notes what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[bytes | tuple[bytes, ...] | str] = []

    def write(self, data):
        self.told.append(data)

    def writelines(self, data):
        self.told.append(tuple(data))

    def close(self):
        self.told.append("closed")

    def abort(self):
        self.told.append("aborted")

    def is_closing(self):
        return bool({"closed", "aborted"} & {each for each in self.told if isinstance(each, str)})


@pytest.fixture
async def wire():
    recorder = Recorder()
    return GatheringTransport(recorder, asyncio.get_running_loop()), recorder.told


async def test_a_head_and_its_body_go_together_and_nothing_twice(wire):
    transport, told = wire
    transport.write(b"head")
    transport.write(b"body")
    await asyncio.sleep(0)
    transport.write(b"head 2")
    transport.write(b"body 2")
    transport.write(b"more")
    await asyncio.sleep(0)
    assert told == [(b"head", b"body"), (b"head 2", b"body 2"), b"more"]


async def test_a_head_whose_body_is_long_in_coming_goes_ahead(wire):
    transport, told = wire
    transport.write(b"head")
    assert told == []
    await asyncio.sleep(0)
    assert told == [b"head"]
    transport.write(b"body")
    await asyncio.sleep(0)
    assert told == [b"head", b"body"]


async def test_what_is_held_goes_before_the_end(wire):
    transport, told = wire
    transport.write(b"refused")
    transport.close()
    await asyncio.sleep(0)
    assert told == [b"refused", "closed"]


async def test_a_lost_connection_is_not_written_to(wire):
    transport, told = wire
    transport.write(b"head")
    transport.abort()
    await asyncio.sleep(0)
    assert told == ["aborted"]
