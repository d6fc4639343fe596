"""Keeps the catalog in step with a folder: watches it, compares now and then, collects."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from shared.errors import TransientError
from shared.records import Event, Outcome
from shared.settings import Settings
from shared.storage.folder import FolderStore
from streams.collector import keep_collecting
from streams.parts import Parts
from streams.progress import Progress
from streams.reconcile import Report, TooManyRemovals
from streams.watcher import Watcher

log = logging.getLogger(__name__)


class FolderIngest:
    """The embedded counterpart of the worker: the same pipeline, fed by a watched folder."""

    def __init__(self, parts: Parts, store: FolderStore, settings: Settings) -> None:
        self._parts = parts
        self._settings = settings
        self._watcher = Watcher(store, parts.catalog, parts.intake)
        self.progress = Progress()
        parts.intake.on_settled(self._settled)

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
                await self._catch_up(caught_up)
                while True:
                    await asyncio.sleep(self._settings.reconcile_s)
                    await self._catch_up(lambda _: None)
            finally:
                for task in (watching, collecting, intake):
                    task.cancel()

    async def _catch_up(self, caught_up: Callable[[Report], None]) -> None:
        """Reconcile once; trouble with the folder is told and left to the next time."""
        reconciler = self._parts.reconciler
        try:
            report = await reconciler.survey()
            self.progress.begin(report.total("differing"))
            try:
                await reconciler.feed(report)
            except TooManyRemovals as question:
                log.warning("%s. If that is right: seenit reconcile --force", question)
            await self._parts.intake.idle()
            caught_up(report)
        except TransientError as error:
            log.warning("could not compare the folder with the catalog: %s", error)
        finally:
            self.progress.end()

    def _settled(self, event: Event, outcome: Outcome) -> None:
        log.debug("%s %s/%s", outcome, event.ref.bucket, event.ref.key)
        self.progress.advance()
