"""One of several leads: at any time at most one, and always one as long as any lives."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager

import pytest

from shared.errors import TransientError
from streams.leadership import Leadership

LEASE_S, RENEW_S = 2.0, 0.1
LONG_S = 60.0
"""A lease that no busy machine lets run out."""


class Work:
    """Notes for whom it is done, and by how many at once."""

    def __init__(self) -> None:
        self.doing: list[str] = []
        self.most = 0
        self.begun = asyncio.Semaphore(0)

    async def of(self, name: str) -> None:
        self.doing.append(name)
        self.most = max(self.most, len(self.doing))
        self.begun.release()
        try:
            await asyncio.Event().wait()
        finally:
            self.doing.remove(name)


class Unsteady:
    """A catalog that, while `away`, fails, does not answer, or knows another leader.

    Attributes:
        refused: how often it failed.
        renewed: how often it gave the lease.
    """

    def __init__(self, catalog) -> None:
        self._catalog = catalog
        self.away: str | None = None
        self.refused = self.renewed = 0

    async def lead(self, name, holder, seconds):
        if self.away == "fails":
            self.refused += 1
            raise TransientError("catalog", "away")
        if self.away == "hangs":
            await asyncio.Event().wait()
        if self.away == "is another's":
            return False
        given = await self._catalog.lead(name, holder, seconds)
        self.renewed += given
        return given


@asynccontextmanager
async def candidate(catalog, work, name, lease_s=LEASE_S):
    leadership = Leadership(catalog, "test", lease_s=lease_s, renew_s=RENEW_S)
    task = asyncio.create_task(leadership.run(lambda: work.of(name)))
    try:
        yield leadership
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0.01)


async def test_one_of_two_leads_for_longer_than_a_lease_and_the_other_follows_its_end(plant):
    work, lease_s = Work(), 5.0  # renewed every 0.1 s, so that a busy machine does not lose it
    async with candidate(plant.catalog, work, "second", lease_s) as second:
        async with candidate(plant.catalog, work, "first", lease_s):
            await work.begun.acquire()
            (leading,) = work.doing
            await asyncio.sleep(1.2 * lease_s)
            assert work.doing == [leading]
        await work.begun.acquire() if leading == "first" else None
        assert work.doing == ["second"]
        assert second.leading
    assert work.most == 1


async def test_a_leader_that_dies_without_a_word_is_followed_when_its_lease_is_over(plant):
    clock = asyncio.get_running_loop().time
    began = clock()
    assert await plant.catalog.lead("test", "the dead", LEASE_S)
    work = Work()
    async with candidate(plant.catalog, work, "other") as other:
        await work.begun.acquire()
        assert clock() - began > 0.95 * LEASE_S, "two clocks"
        assert other.leading


@pytest.mark.parametrize("how", ["fails", "hangs"])
async def test_a_leader_that_cannot_renew_stops_before_another_leads(plant, how):
    work, unsteady = Work(), Unsteady(plant.catalog)
    async with candidate(unsteady, work, "first") as first:
        await work.begun.acquire()
        async with candidate(plant.catalog, work, "second") as second:
            unsteady.away = how
            await work.begun.acquire()
            assert second.leading
            assert not first.leading
    assert work.most == 1


async def test_a_leader_outlasts_a_catalog_that_is_away_for_a_moment(plant):
    work, unsteady = Work(), Unsteady(plant.catalog)
    async with candidate(unsteady, work, "first", LONG_S) as first:
        await work.begun.acquire()
        unsteady.away = "fails"
        await until(lambda: unsteady.refused > 3)
        unsteady.away, before = None, unsteady.renewed
        await until(lambda: unsteady.renewed > before + 3)
        assert first.leading
        assert work.begun.locked(), "it was done without a break"


async def test_a_leader_whose_lease_another_took_stops_at_once(plant):
    """As one that was halted for longer than its lease."""
    work, unsteady = Work(), Unsteady(plant.catalog)
    async with candidate(unsteady, work, "first") as first:
        await work.begun.acquire()
        unsteady.away = "is another's"
        await until(lambda: not first.leading)
        assert work.doing == []


async def test_what_ends_the_work_ends_whoever_leads(plant):
    async def fail() -> None:
        raise ValueError("poison")

    with pytest.raises(ValueError, match="poison"):
        await Leadership(plant.catalog, "test").run(fail)
    assert await plant.catalog.lead("test", "another", 1), "the lease is let go of"
