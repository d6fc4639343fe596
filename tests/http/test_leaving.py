"""Told to end, a process first says so, and loses nobody's search."""

import asyncio
import os
import signal

import httpx

from search_api.app import create_app
from search_api.leaving import Leaving
from shared.settings import Settings


async def told(*numbers: signal.Signals, leave_s: float = 600.0) -> tuple[bool, bool]:
    """Send signals; returns whether it is leaving then, and whether it ended."""
    leaving, ended = Leaving(), asyncio.Event()
    leaving.on_signals(ended.set, leave_s)
    loop = asyncio.get_running_loop()
    try:
        for number in numbers:
            os.kill(os.getpid(), number)
            await asyncio.sleep(0.05)
        if leave_s < 600:
            await ended.wait()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
    return leaving.begun, ended.is_set()


async def test_a_supervisor_is_obeyed_after_a_while_a_user_and_a_second_word_at_once():
    assert await told(signal.SIGTERM) == (True, False)
    assert await told(signal.SIGTERM, leave_s=0.1) == (True, True)
    assert await told(signal.SIGTERM, signal.SIGTERM) == (True, True)
    assert await told(signal.SIGINT) == (False, True)
    assert await told(signal.SIGTERM, leave_s=0.0) == (False, True)


async def test_while_it_leaves_it_is_not_ready_answers_and_ends_each_connection(world):
    leaving = Leaving()
    app = create_app(world.parts(), Settings(_env_file=None), leaving=leaving)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        stats = await client.get("/v1/stats")
        assert "connection" not in stats.headers
        leaving.begun = True
        ready, stats = await client.get("/readyz"), await client.get("/v1/stats")
        without_parts = await client.get("/readyz?parts=none")
        life = await client.get("/livez")
    assert (ready.status_code, ready.json()["missing"]) == (503, [])
    assert without_parts.status_code == 503
    assert (stats.status_code, stats.headers["connection"]) == (200, "close")
    assert life.status_code == 200
