"""What one of several workers does for all: compare with the store, and collect."""

import asyncio
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from shared import metrics
from shared.errors import ConfigurationError, TransientError
from shared.readiness import Readiness
from shared.settings import Settings
from streams.absence import back_again
from streams.collector import keep_collecting
from streams.feed import open_feed
from streams.kafka import Kafka
from streams.leadership import Leadership
from streams.parts import Parts
from streams.progress import Progress
from streams.surveys import Report

log = logging.getLogger(__name__)

NAME = "housekeeping"
NOT_LEADING = "another worker's"
RETRY_S = 5.0


class Housekeeping:
    """Compares and collects while this worker leads; what differs, all workers share.

    Args:
        parts: of the pipeline.
        settings: how often, and how much may vanish.
        kafka: where the workers take their work from.
    """

    def __init__(self, parts: Parts, settings: Settings, kafka: Kafka) -> None:
        self._parts = parts
        self._settings = settings
        self._kafka = kafka
        self._leadership = Leadership(parts.catalog, NAME)
        self._readiness = Readiness(parts.store, parts.catalog, parts.index)
        self._due = asyncio.Event()
        self._state = NOT_LEADING
        self._last: Report | None = None
        self._compared_at = ""
        self._progress = Progress()

    async def run(self) -> None:
        """Keep house whenever this worker leads, until cancelled."""
        await self._leadership.run(self._keep_house)

    def report(self) -> dict[str, Any]:
        """Say whether it leads, and if so how it gets on and what the last comparison found."""
        told: dict[str, Any] = {"leading": self._leadership.leading, "state": self._state}
        if self._last is None:
            return told
        return told | {
            "compared_at": self._compared_at,
            "drift": self._last.drift,
            "held_back": self._last.removals_held_back,
            "question": self._last.question,
            "remark": self._last.remark,
            "failed": self._last.failed,
            "progress": self._progress.report(),
        }

    async def _keep_house(self) -> None:
        grace = timedelta(seconds=self._settings.collect_grace_s)
        metrics.LEADING.set(1)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep_comparing())
                tasks.create_task(self._keep_asking())
                tasks.create_task(keep_collecting(self._parts.catalog, self._parts.index, grace))
        finally:
            self._state, self._last = NOT_LEADING, None
            metrics.LEADING.set(0)
            metrics.DRIFT.set(0)  # whoever leads now tells them
            metrics.HELD_BACK.set(0)

    async def _keep_asking(self) -> None:
        """Have the next comparison begin as soon as the store is back from being away."""
        while True:
            await back_again(lambda: self._readiness.answers("store"))
            log.info("the store was away and may not have told of all that changed: comparing")
            self._due.set()

    async def _keep_comparing(self) -> None:
        trouble = ""
        while True:
            try:
                self._due.clear()
                report = await self._compare()
            except (TransientError, ConfigurationError) as error:
                self._state = f"waiting: {error}"
                if str(error) != trouble:
                    log.warning("could not compare with the store, trying again: %s", error)
                trouble = str(error)
                await asyncio.sleep(min(RETRY_S, self._settings.reconcile_s))
            else:
                trouble = ""
                self._state = "waiting for the next comparison"
                with suppress(TimeoutError):
                    async with asyncio.timeout(report.due_in_s(self._settings.reconcile_s)):
                        await self._due.wait()

    async def _compare(self) -> Report:
        """Compare, and return once the workers are done with what differs.

        Raises:
            TransientError: a part does not answer.
            ConfigurationError: there is no such topic.
        """
        self._state = "comparing"
        report = await self._parts.reconciler.survey()
        self._last, self._compared_at = report, datetime.now(UTC).isoformat()
        if report.drift:
            log.info("%d differences between store, catalog and index", report.drift)
            self._state = "feeding the workers"
            await self._feed(report)
        for said in report.remarks:
            log.warning(said)
        return report

    async def _feed(self, report: Report) -> None:
        place = self._settings.topic, self._settings.consumer_group
        self._progress.begin(report.work)
        try:
            async with open_feed(self._kafka, *place) as feed:
                await self._parts.reconciler.mend(report, feed, offered=self._progress.advance)
        finally:
            self._progress.end()
