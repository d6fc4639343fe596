"""Makes catalog and index agree with the store: at start-up, now and then, and by hand.

The store is the truth. What differs goes through the same intake as any event. A listing that fails
removes nothing, and a removal of more than a set share of a bucket stops and asks.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from shared import metrics
from shared.errors import TransientError
from shared.protocols import Catalog, ObjectStore, VectorIndex
from shared.records import Event, ObjectFilter
from streams.differences import Difference, Kind, differences
from streams.pages import in_threads, recorded
from streams.repair import IndexRepair
from streams.surveys import Report, Survey, most_removals


class Taker(Protocol):
    """Whom a reconciler feeds: an intake, or whatever leads to one."""

    async def offer(self, event: Event) -> None:
        """Take an event; waits while too much is under way."""

    async def idle(self) -> None:
        """Wait until all that was offered is settled, objects that keep changing aside."""


class Reconciler:
    """Compares store, catalog and index, and has what differs looked at again.

    Args:
        guard: the share of a bucket's objects that may go unasked.
    """

    def __init__(
        self, store: ObjectStore, catalog: Catalog, index: VectorIndex, *, guard: float
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._repair = IndexRepair(catalog, index)
        self._guard = guard

    async def survey(self, bucket: str | None = None, prefix: str = "") -> Report:
        """Compare and count; change nothing. A bucket whose listing fails is left out, and named.

        Raises:
            TransientError: catalog or index do not answer, or no bucket could be listed.
        """
        report = Report(ObjectFilter((bucket,) if bucket is not None else (), prefix))
        for name in await self._buckets(bucket):
            try:
                await self._survey_bucket(report, name)
            except TransientError as error:
                _note_failure(report, name, error)
        if report.failed and not report.buckets:
            raise TransientError("store", next(iter(report.failed.values())))
        report.hold_back(self._guard)
        await self._survey_index(report)
        if not report.failed:
            metrics.RECONCILED.set_to_current_time()
        metrics.DRIFT.set(report.drift)
        metrics.HELD_BACK.set(report.removals_held_back)
        return report

    async def mend(
        self,
        report: Report,
        into: Taker,
        *,
        force: bool = False,
        offered: Callable[[], None] = lambda: None,
    ) -> None:
        """Have all that differs looked at again; returns when that is done.

        Removals of a bucket that the guard held back are left out unless `force`; and should more
        have vanished since the survey than the guard allows, the rest is held back too. Then come
        the pictures whose vectors are lost, then the vectors that no picture has.

        Args:
            report: of a survey; what is held back and what is done is added to it.
            into: takes the events.
            force: remove, however much would vanish.
            offered: called for each event.

        Raises:
            TransientError: a part does not answer; what was done so far is right.
        """
        if force:
            report.held_back.clear()
        for name, survey in report.buckets.items():
            if survey.differing:
                try:
                    await self._feed_bucket(report, name, into, force=force, offered=offered)
                except TransientError as error:
                    _note_failure(report, name, error)
        await into.idle()
        if report.restored:
            await self._restore(report, into, offered)
            await into.idle()
        if report.orphans:  # most may have found their pictures by now
            await self._sweep(report, force=force)
        metrics.HELD_BACK.set(report.removals_held_back)

    async def _survey_bucket(self, report: Report, name: str) -> None:
        survey = Survey()
        async for difference in self._compare(name, report.where.prefix):
            survey.count(difference)
        report.buckets[name] = survey

    async def _survey_index(self, report: Report) -> None:
        async for found in self._repair.apart():
            report.restored += len(await self._repair.holders(found.lost, report.where))
            report.vectors += found.vectors
            if report.is_whole:
                report.orphans += len(found.orphans)
        async for _ in self._repair.wanting(report.where):  # of an earlier repair that was cut off
            report.restored += 1
        report.ask(self._guard)

    async def _feed_bucket(
        self,
        report: Report,
        name: str,
        into: Taker,
        *,
        force: bool,
        offered: Callable[[], None],
    ) -> None:
        survey = report.buckets[name]
        most = 0 if name in report.held_back else most_removals(survey.held, self._guard)
        removals = 0
        async for difference in self._compare(name, report.where.prefix):
            if difference is None:
                continue
            if difference.kind is Kind.REMOVED and not force:
                removals += 1
                if removals > most:
                    report.held_back[name] = (removals, survey.held)
                    continue
            await into.offer(_event(difference))
            offered()

    async def _restore(self, report: Report, into: Taker, offered: Callable[[], None]) -> None:
        """Have the pictures embedded anew whose vectors are lost.

        The catalog remembers what is still to be done, should this be cut off.
        """
        await self._repair.unindex_lost()
        async for live in self._repair.wanting(report.where):
            await into.offer(Event(live.ref, time.time(), size=live.size, again=True))
            offered()

    async def _sweep(self, report: Report, *, force: bool) -> None:
        """Leave the vectors of no picture to the collector."""
        report.vectors = report.orphans = 0
        if not report.is_whole:
            return
        async for found in self._repair.apart():
            report.vectors += found.vectors
            report.orphans += len(found.orphans)
        report.ask(self._guard)
        report.orphans_held_back = report.orphans_held_back and not force
        if not report.orphans_held_back:
            report.orphans = await self._repair.adopt_orphans()

    async def _buckets(self, bucket: str | None) -> list[str]:
        if bucket is not None:
            return [bucket]
        listed = await asyncio.to_thread(self._store.buckets)
        recorded = [count.bucket for count in await self._catalog.buckets()]
        return sorted({*listed, *recorded})

    def _compare(self, bucket: str, prefix: str) -> AsyncIterator[Difference | None]:
        listed = in_threads(self._store.list(bucket, prefix))
        return differences(listed, recorded(self._catalog.page, bucket=bucket, prefix=prefix))


def _note_failure(report: Report, bucket: str, error: TransientError) -> None:
    """Go on without a bucket that cannot be listed; with anything else there is no going on."""
    if error.part != "store":
        raise error
    report.failed[bucket] = str(error)


def _event(difference: Difference) -> Event:
    stat = difference.stat
    if stat is None:
        return Event(difference.ref, time.time())
    return Event(difference.ref, time.time(), stat.etag, stat.size)
