"""Keeps the catalog in step with a folder: watches it, compares now and then, collects."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from shared import metrics
from shared.errors import TransientError
from shared.records import Outcome
from shared.settings import Settings
from shared.storage.folder import FolderStore
from streams.batches import Settled
from streams.collector import keep_collecting
from streams.parts import Parts
from streams.progress import Progress
from streams.surveys import Report
from streams.watcher import Watcher

log = logging.getLogger(__name__)

RETRY_S = 2.0


class FolderIngest:
    """The embedded counterpart of the worker: the same pipeline, fed by a watched folder."""

    def __init__(self, parts: Parts, store: FolderStore, settings: Settings) -> None:
        self._parts = parts
        self._settings = settings
        self._watcher = Watcher(store, parts.catalog, parts.intake)
        self.progress = Progress()
        self._freshness_s: float | None = None
        parts.intake.on_settled(self._settled)
        metrics.LAG.labels("folder").set_function(lambda: parts.intake.unsettled)

    async def run(self, caught_up: Callable[[Report], None]) -> None:
        """Work until cancelled; `caught_up` is called once what was there at the start is done.

        Raises only what no waiting can mend.
        """
        parts, grace = self._parts, timedelta(seconds=self._settings.collect_grace_s)
        async with asyncio.TaskGroup() as tasks:
            intake = tasks.create_task(parts.intake.run())
            watching = tasks.create_task(self._watcher.run())
            collecting = tasks.create_task(keep_collecting(parts.catalog, parts.index, grace))
            try:
                await self._watcher.watching.wait()  # else a change could slip in between
                self._watcher.missed.clear()
                report = await self._catch_up()
                caught_up(report)
                while True:
                    await self._time_to_compare(report)
                    report = await self._catch_up()
            finally:
                for task in (watching, collecting, intake):
                    task.cancel()

    def report(self) -> dict[str, float | int | bool | None]:
        """Say how far it is, how many wait, and how long the last change took to be searchable."""
        told = {"waiting": self._parts.intake.unsettled, "freshness_s": self._freshness_s}
        return self.progress.report() | told

    async def _time_to_compare(self, last: Report) -> None:
        """Wait for the next comparison; a change that may have been missed brings it forward."""
        with suppress(TimeoutError):
            async with asyncio.timeout(last.due_in_s(self._settings.reconcile_s)):
                await self._watcher.missed.wait()
        self._watcher.missed.clear()

    async def _catch_up(self) -> Report:
        """Reconcile once, waiting out trouble with the folder."""
        while True:
            try:
                return await self._reconcile()
            except TransientError as error:
                log.warning("could not compare the folder with the catalog: %s", error)
                await asyncio.sleep(RETRY_S)

    async def _reconcile(self) -> Report:
        reconciler = self._parts.reconciler
        report = await reconciler.survey()
        self.progress.begin(report.work)
        try:
            await reconciler.mend(report, self._parts.intake)
        finally:
            self.progress.end()
        for said in report.remarks:
            log.warning(said)
        return report

    def _settled(self, settled: Settled) -> None:
        ref = settled.event.ref
        log.debug("%s %s/%s", settled.outcome, ref.bucket, ref.key)
        self.progress.advance()
        if settled.outcome in {Outcome.INDEXED, Outcome.DUPLICATE}:
            self._freshness_s = max(0.0, time.time() - settled.event.seen_at)
