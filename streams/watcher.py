"""Notices changes in a folder as they happen and offers them as events."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch

from shared import metrics
from shared.protocols import CatalogReader
from shared.records import Event, ObjectRef
from shared.storage.folder import TOP_BUCKET, FolderStore
from streams.intake import Intake

log = logging.getLogger(__name__)

DEBOUNCE_MS = 200
PAGE = 1000


class Watcher:
    """Turns what the system says of files into events; what they hold is looked up later."""

    def __init__(self, store: FolderStore, catalog: CatalogReader, intake: Intake) -> None:
        self._store = store
        self._catalog = catalog
        self._intake = intake
        self.watching = asyncio.Event()

    async def run(self) -> None:
        """Watch until cancelled. Where the system has no watches left, look around instead."""
        try:
            await self._watch(polling=False)
        except OSError as error:
            log.warning("cannot watch %s (%s); looking around instead", self._store.root, error)
            await self._watch(polling=True)

    async def _watch(self, *, polling: bool) -> None:
        async for changes in awatch(
            self._store.root,
            watch_filter=None,  # a round of which all is filtered out would not be told at all
            debounce=DEBOUNCE_MS,
            step=50,
            rust_timeout=250,
            yield_on_timeout=True,
            force_polling=polling or None,
            raise_interrupt=False,
        ):
            self.watching.set()
            for change, path in sorted(changes, key=lambda found: found[1]):
                if self._store.ref(Path(path)) is None:
                    continue  # Seenit's own state
                metrics.EVENTS.labels(change.name).inc()
                async for ref in self._concerned(change, Path(path)):
                    await self._intake.offer(Event(ref, time.time()))

    async def _concerned(self, change: Change, path: Path) -> AsyncIterator[ObjectRef]:
        """Name the objects that a change concerns: a file, or all that a folder holds or held."""
        if path.is_dir() and not path.is_symlink():
            if change is Change.added:
                for file in await asyncio.to_thread(_files_below, path):
                    if ref := self._store.ref(file):
                        yield ref
            return
        if ref := self._store.ref(path):
            yield ref
        if change is Change.deleted:
            async for held in self._held_below(path):
                yield held

    async def _held_below(self, path: Path) -> AsyncIterator[ObjectRef]:
        """Name what the catalog holds below a path, which may have been a folder."""
        bucket, *folders = path.relative_to(self._store.root).parts
        if bucket == TOP_BUCKET:
            folders = [TOP_BUCKET, *folders]
        prefix = "".join(f"{name}/" for name in folders)
        after = None
        while rows := await self._catalog.page(
            bucket=bucket, prefix=prefix, after=after, limit=PAGE
        ):
            for row in rows:
                yield row.stat.ref
            after = rows[-1].stat.ref


def _files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
