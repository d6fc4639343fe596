"""A catalog to read from, and a store that says what was recorded."""

from collections import Counter
from operator import itemgetter

from shared.errors import TransientError
from shared.protocols import Present
from shared.records import (
    CatalogStats,
    Change,
    Folder,
    ImageFacts,
    LiveObject,
    MeasuredThreshold,
    ObjectFilter,
    ObjectRef,
    ObjectState,
    Shares,
    StoredObject,
)


class FakeCatalog:
    """A `CatalogReader` over rows in a dict.

    `broken` makes every question fail; `selective` False takes every filter for one that many pass;
    `finds` counts the joins with objects; `told` is what it says of any filter's shares.
    """

    def __init__(self) -> None:
        self.rows: dict[ObjectRef, StoredObject] = {}
        self.images: dict[str, ImageFacts] = {}
        self.broken: TransientError | None = None
        self.selective = True
        self.finds = 0
        self.told: Shares | None = None
        self.threshold: MeasuredThreshold | None = None

    def add(self, stored: StoredObject, facts: ImageFacts | None = None) -> None:
        self.rows[stored.stat.ref] = stored
        if facts is not None:
            self.images[facts.image_id] = facts

    def _passing(self, where: ObjectFilter) -> list[StoredObject]:
        if self.broken:
            raise self.broken
        return [stored for _, stored in sorted(self.rows.items()) if self._passes(stored, where)]

    def _passes(self, stored: StoredObject, where: ObjectFilter) -> bool:
        stat, facts = stored.stat, self.images.get(stored.image_id or "")
        ways = {
            "buckets": lambda wanted: stat.ref.bucket in wanted,
            "prefix": stat.ref.key.startswith,
            "user_keys": lambda wanted: stat.user_key in wanted,
            "modified_after": lambda moment: stat.last_modified >= moment,
            "modified_before": lambda moment: stat.last_modified < moment,
            "formats": lambda wanted: facts and facts.format in wanted,
            "min_width": lambda least: facts and facts.width >= least,
            "min_height": lambda least: facts and facts.height >= least,
            "max_width": lambda most: facts and facts.width <= most,
            "max_height": lambda most: facts and facts.height <= most,
        }
        return all(ways[name](value) for name, value in where.conditions().items())

    async def known(self, refs):
        self._passing(ObjectFilter())
        return {ref: self.rows[ref] for ref in refs if ref in self.rows}

    async def known_images(self, image_ids):
        self._passing(ObjectFilter())
        return {i: self.images[i] for i in image_ids if i in self.images}

    async def find(self, image_ids, where, limit=20):
        self.finds += 1
        found: dict[str, list[LiveObject]] = {}
        for stored in self._passing(where):
            if stored.image_id in set(image_ids):
                stat = stored.stat
                live = LiveObject(stat.ref, stat.size, stat.last_modified, stat.user_key)
                found.setdefault(stored.image_id, []).append(live)
        return {image_id: held[:limit] for image_id, held in found.items()}

    async def matching_images(self, where, limit):
        found = sorted({s.image_id for s in self._passing(where) if s.image_id})
        return found if self.selective and len(found) <= limit else None

    async def shares(self, where):
        if self.told:
            return self.told
        alone = [ObjectFilter(**{name: value}) for name, value in where.conditions().items()]
        whole, *shares = (self._share(each) for each in (where, *alone))
        parts = zip(alone, shares, strict=True)
        return Shares(len(self.images), whole, tuple(sorted(parts, key=itemgetter(1))))

    def _share(self, where: ObjectFilter) -> float:
        passing = {s.image_id for s in self._passing(where)}
        return len(passing & self.images.keys()) / max(1, len(self.images))

    async def page(self, *, bucket=None, prefix="", state=None, reason=None, after=None, limit=100):
        where = ObjectFilter((bucket,) if bucket else (), prefix)
        return [
            stored
            for stored in self._passing(where)
            if (state is None or stored.state is state)
            and (reason is None or stored.reason is reason)
            and (after is None or stored.stat.ref > after)
        ][:limit]

    async def level(self, folder, *, state=None, after=None, limit=100):
        listed: dict[str, StoredObject | Folder] = {}
        for stored in await self.page(
            bucket=folder.bucket, prefix=folder.key, state=state, limit=10**9
        ):
            name, slash, _ = stored.stat.ref.key.removeprefix(folder.key).partition("/")
            key = folder.key + name + slash
            listed.setdefault(
                key, Folder(ObjectRef(folder.bucket, key), stored) if slash else stored
            )
        return [listed[key] for key in listed if after is None or key > after.key][:limit]

    async def reasons(self, bucket=None, prefix=""):
        rows = await self.page(
            bucket=bucket, prefix=prefix, state=ObjectState.REJECTED, limit=10**9
        )
        return dict(Counter(stored.reason for stored in rows))

    async def buckets(self):
        self._passing(ObjectFilter())
        return []

    async def measured(self):
        self._passing(ObjectFilter())
        return self.threshold

    async def stats(self):
        self._passing(ObjectFilter())
        return CatalogStats(len(self.rows), len(self.images), 0, None)

    async def close(self):
        pass


def as_said(*changes: Change) -> Present:
    """A store that holds each object just as the changes say."""

    async def present(refs):
        stats = {change.ref: getattr(change, "stat", None) for change in changes}
        return {ref: stats[ref] for ref in refs if stats[ref]}

    return present
