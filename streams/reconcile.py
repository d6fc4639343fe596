"""Makes the catalog agree with the store: at start-up, now and then, and by hand.

The store is the truth. Differences go through the same intake as any event. A listing that fails
removes nothing, and a removal of more than a set share of a bucket stops and asks.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from shared import metrics
from shared.errors import SeenitError
from shared.protocols import CatalogReader, ObjectStore
from shared.records import Event, ObjectStat, StoredObject
from streams.differences import Difference, Kind, differences
from streams.intake import Intake

PAGE = 1000
GUARD_FLOOR = 10  # fewer removals than this need no question, whatever their share


class TooManyRemovals(SeenitError):  # noqa: N818 - names what was found, not a fault
    """More would vanish than the guard allows; perhaps the wrong folder, or one not mounted.

    Attributes:
        buckets: per bucket, how many objects would be removed and how many it has.
    """

    def __init__(self, buckets: dict[str, tuple[int, int]]) -> None:
        told = ", ".join(f"{gone} of {held} in {name}" for name, (gone, held) in buckets.items())
        super().__init__(f"{told} are gone from the store; nothing of them was removed")
        self.buckets = buckets


@dataclass(slots=True)
class Survey:
    """What a comparison counted in one bucket."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0

    def count(self, difference: Difference | None) -> None:
        """Add one object."""
        name = difference.kind.value if difference else "unchanged"
        setattr(self, name, getattr(self, name) + 1)

    @property
    def differing(self) -> int:
        """How many objects differ."""
        return self.added + self.changed + self.removed

    @property
    def held(self) -> int:
        """How many objects the catalog holds."""
        return self.unchanged + self.changed + self.removed

    def most_removals(self, share: float) -> int:
        """How many removals need no question, if at most `share` of the objects may vanish."""
        return max(GUARD_FLOOR - 1, int(share * self.held))


@dataclass(slots=True)
class Report:
    """What a reconciliation found, and what it held back."""

    buckets: dict[str, Survey] = field(default_factory=dict)
    held_back: dict[str, tuple[int, int]] = field(default_factory=dict)

    def total(self, name: str) -> int:
        """Sum one count, such as `added`, over all buckets."""
        return sum(getattr(survey, name) for survey in self.buckets.values())


class Reconciler:
    """Compares a store with the catalog and feeds what differs to an intake."""

    def __init__(
        self, store: ObjectStore, catalog: CatalogReader, intake: Intake, *, guard: float
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._intake = intake
        self._guard = guard

    async def survey(self, bucket: str | None = None, prefix: str = "") -> Report:
        """Compare and count; change nothing.

        Raises:
            TransientError: the listing or the catalog failed.
        """
        report = Report()
        for name in await self._buckets(bucket):
            survey = report.buckets[name] = Survey()
            async for difference in self._compare(name, prefix):
                survey.count(difference)
            if survey.removed > survey.most_removals(self._guard):
                report.held_back[name] = (survey.removed, survey.held)
        metrics.DRIFT.set(report.total("differing"))
        return report

    async def feed(
        self,
        report: Report,
        prefix: str = "",
        *,
        force: bool = False,
        offered: Callable[[], None] = lambda: None,
    ) -> None:
        """Offer what differs in the surveyed buckets to the intake, waiting while that is full.

        Removals of a bucket that the guard held back are left out unless `force`; and should more
        have vanished since the survey than the guard allows, the rest is held back too.

        Raises:
            TransientError: the listing or the catalog failed; what was offered so far is right.
            TooManyRemovals: at the end, when the guard held something back.
        """
        for name, survey in report.buckets.items():
            if not survey.differing:
                continue
            most = 0 if name in report.held_back else survey.most_removals(self._guard)
            removals = 0
            async for difference in self._compare(name, prefix):
                if difference is None:
                    continue
                if difference.kind is Kind.REMOVED and not force:
                    removals += 1
                    if removals > most:
                        report.held_back[name] = (removals, survey.held)
                        continue
                await self._intake.offer(_event(difference))
                offered()
        if report.held_back and not force:
            raise TooManyRemovals(report.held_back)

    async def _buckets(self, bucket: str | None) -> list[str]:
        if bucket is not None:
            return [bucket]
        listed = await asyncio.to_thread(self._store.buckets)
        recorded = [count.bucket for count in await self._catalog.buckets()]
        return sorted({*listed, *recorded})

    def _compare(self, bucket: str, prefix: str) -> AsyncIterator[Difference | None]:
        return differences(self._listing(bucket, prefix), self._rows(bucket, prefix))

    async def _listing(self, bucket: str, prefix: str) -> AsyncIterator[ObjectStat]:
        listing: Iterator[ObjectStat] = self._store.list(bucket, prefix)
        while page := await asyncio.to_thread(lambda: list(islice(listing, PAGE))):
            for stat in page:
                yield stat

    async def _rows(self, bucket: str, prefix: str) -> AsyncIterator[StoredObject]:
        after = None
        while page := await self._catalog.page(
            bucket=bucket, prefix=prefix, after=after, limit=PAGE
        ):
            for row in page:
                yield row
            after = page[-1].stat.ref


def _event(difference: Difference) -> Event:
    stat = difference.stat
    if stat is None:
        return Event(difference.ref, time.time())
    return Event(difference.ref, time.time(), stat.etag, stat.size)
