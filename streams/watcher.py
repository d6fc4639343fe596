"""Notices changes in a folder as they happen and offers them as events."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path

from watchfiles import Change, awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from shared import metrics
from shared.errors import TransientError
from shared.protocols import CatalogReader
from shared.records import Event
from shared.storage.folder import FolderStore
from streams.intake import Intake
from streams.pages import in_threads, recorded
from streams.patience import patiently

log = logging.getLogger(__name__)

DEBOUNCE_MS = 200
RETRY_S = 1.0

Identity = tuple[int, int]
"""Device and inode of a folder."""


class Watcher:
    """Turns what the system says of files into events; what they hold is looked up later.

    Attributes:
        watching: from now on changes are noticed.
        missed: some may have gone unnoticed; a comparison of folder and catalog finds them.
    """

    def __init__(self, store: FolderStore, catalog: CatalogReader, intake: Intake) -> None:
        self._store = store
        self._catalog = catalog
        self._intake = intake
        self.watching = asyncio.Event()
        self.missed = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled. Where the system has no watches left, look around instead.

        A folder that is taken away is waited for; the one that comes in its place is then watched.
        """
        polling = False
        while True:
            if folder := self._identity():
                try:
                    await self._watch(folder, polling=polling)
                except* OSError as errors:
                    problem = errors.exceptions[0]
                    log.warning("cannot watch %s (%s); looking around", self._store.root, problem)
                    polling = True
                except* WatchfilesRustInternalError as errors:  # a name that is not UTF-8
                    log.warning("watching %s anew: %s", self._store.root, errors.exceptions[0])
                self.watching.clear()
            await asyncio.sleep(RETRY_S)

    async def _watch(self, folder: Identity, *, polling: bool) -> None:
        """Offer changes until the folder is another one, or none."""
        taken_away = (Change.deleted, str(self._store.root))
        rounds = awatch(
            self._store.root,
            watch_filter=None,  # a round of which all is filtered out would not be told at all
            debounce=DEBOUNCE_MS,
            step=50,
            rust_timeout=250,
            yield_on_timeout=True,
            force_polling=polling or None,
            ignore_permission_denied=True,
        )
        async with aclosing(rounds):
            async for changes in rounds:
                if not self.watching.is_set():
                    self.watching.set()
                    self.missed.set()  # whatever changed before
                for change, path in sorted(changes, key=lambda found: found[1]):
                    await self._tell(change, Path(path))
                if taken_away in changes or self._identity() != folder:
                    log.warning("the folder %s was taken away or replaced", self._store.root)
                    return

    async def _tell(self, change: Change, path: Path) -> None:
        """Offer what a change concerns: a file, or all that a folder holds or held."""
        ref = self._store.places.ref(path)
        if ref is None:
            return  # Seenit's own state
        metrics.EVENTS.labels(change.name).inc()
        if change is Change.deleted:
            await self._offer_all(self._held_below(path))
        if not self._store.looks_into(path):
            await self._intake.offer(Event(ref, time.time()))
        elif change is Change.added:
            try:
                await self._offer_all(self._files_below(path))
            except TransientError as error:
                log.warning("could not list %s: %s", path, error)
                self.missed.set()

    async def _offer_all(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            await self._intake.offer(event)

    async def _files_below(self, folder: Path) -> AsyncIterator[Event]:
        listing = self._store.list(*self._store.places.below(folder))
        async for stat in in_threads(listing):
            yield Event(stat.ref, time.time(), stat.etag, stat.size)

    async def _held_below(self, path: Path) -> AsyncIterator[Event]:
        """Look at what the catalog holds below a path, which may have been a folder."""
        bucket, prefix = self._store.places.below(path)
        page = partial(patiently, self._catalog.page)
        async for row in recorded(page, bucket=bucket, prefix=prefix):
            yield Event(row.stat.ref, time.time())

    def _identity(self) -> Identity | None:
        """Tell which folder lies at the root; None where there is none."""
        with suppress(OSError):
            found = self._store.root.stat()
            return found.st_dev, found.st_ino
        return None
