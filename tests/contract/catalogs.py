"""What the contract suites of the catalog put into it and ask of it."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime

from shared.catalog.sql import SqlCatalog
from shared.errors import Reason
from shared.protocols import Present
from shared.records import (
    Change,
    ImageFacts,
    IndexedObject,
    ObjectFilter,
    ObjectRef,
    ObjectStat,
    RejectedObject,
    RemovedObject,
)
from tests.fakes import as_said

MODEL = "efficientnet-lite0-512-1a2b3c4d"
MODIFIED = datetime(2024, 2, 29, 12, 30, 15, 123456, UTC)
EVERYTHING = ObjectFilter()


def image(name: object) -> ImageFacts:
    digest = hashlib.sha256(str(name).encode("utf-8", "surrogateescape")).hexdigest()
    return ImageFacts(digest, width=640, height=480, format="JPEG", bytes=12345)


def stat(key: str, bucket: str = "images", **changes) -> ObjectStat:
    facts = {"size": 12345, "etag": "e1", "last_modified": MODIFIED} | changes
    return ObjectStat(ObjectRef(bucket, key), **facts)


def rejection(key: str, bucket: str = "images", reason: Reason = Reason.EMPTY) -> RejectedObject:
    return RejectedObject(stat(key, bucket), reason, "the file is empty")


async def settle(catalog: SqlCatalog, *changes: Change) -> set[ObjectRef]:
    """Record what the store still says."""
    return await catalog.record(changes, as_said(*changes))


async def remove(catalog: SqlCatalog, *keys: str) -> None:
    gone = [RemovedObject(ObjectRef("images", key)) for key in keys]
    assert await settle(catalog, *gone) == set()


async def collect(
    catalog: SqlCatalog, moment: datetime | None = None, limit: int = 10
) -> list[str]:
    """Collect; returns whose vectors were to be deleted."""
    gone: list[str] = []

    async def delete(image_ids: list[str]) -> None:
        gone.extend(image_ids)

    assert await catalog.collect(moment or now(), limit, delete) == len(gone)
    return gone


class CutShortError(Exception):
    """The index was not reached."""


async def collect_half(catalog: SqlCatalog, limit: int = 10) -> list[str]:
    """Begin to collect; returns whose vectors were to be deleted."""
    marked: list[str] = []

    async def delete(image_ids: list[str]) -> None:
        marked.extend(image_ids)
        raise CutShortError

    with suppress(CutShortError):
        await catalog.collect(now(), limit, delete)
    return marked


async def put(catalog: SqlCatalog, stored: ObjectStat | str, name: object = None) -> ImageFacts:
    """Record one object; its image is named after its key unless `name` says otherwise."""
    what = stat(stored) if isinstance(stored, str) else stored
    facts = image(what.ref.key if name is None else name)
    await catalog.claim([facts])
    assert await settle(catalog, IndexedObject(what, facts.image_id)) == set()
    return facts


async def keys(catalog: SqlCatalog, **wanted) -> list[str]:
    return [item.stat.ref.key for item in await catalog.page(**wanted)]


def in_bytes(names: list[str]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-8", "surrogateescape"))


def now() -> datetime:
    return datetime.now(UTC)


def stored(**found: ObjectStat | None) -> Present:
    """A store that holds these and nothing else."""

    async def present(refs):
        return {ref: found[ref.key] for ref in refs if found.get(ref.key)}

    return present
