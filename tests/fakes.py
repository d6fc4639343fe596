"""Stand-ins for pure logic and for faults that the real parts cannot be told to have."""

import asyncio
import inspect
import itertools
import threading
import zlib
from collections import Counter
from datetime import UTC, datetime

import numpy as np

from shared.digests import image_digest
from shared.errors import ObjectGone, Reason, Rejected, TransientError
from shared.images.boxes import Box
from shared.images.decoding import DecodedImage, DecodedViews
from shared.images.views import WHOLE, Sight, turned_views
from shared.protocols import Present
from shared.records import (
    CatalogStats,
    Change,
    Event,
    Folder,
    ImageFacts,
    MeasuredThreshold,
    Neighbour,
    ObjectBytes,
    ObjectFilter,
    ObjectRef,
    ObjectStat,
    ObjectState,
    Outcome,
    StoredObject,
)
from streams.batches import Settled
from streams.pipeline import Processed


class FakeCatalog:
    """A `CatalogReader` over rows in a dict.

    `broken` makes every question fail; `selective` False takes every filter for one that many pass;
    `finds` counts the joins with objects.
    """

    def __init__(self) -> None:
        self.rows: dict[ObjectRef, StoredObject] = {}
        self.images: dict[str, ImageFacts] = {}
        self.broken: TransientError | None = None
        self.selective = True
        self.finds = 0
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
        found: dict[str, list[StoredObject]] = {}
        for stored in self._passing(where):
            if stored.image_id in set(image_ids):
                found.setdefault(stored.image_id, []).append(stored)
        return {image_id: held[:limit] for image_id, held in found.items()}

    async def matching_images(self, where, limit):
        found = sorted({s.image_id for s in self._passing(where) if s.image_id})
        return found if self.selective and len(found) <= limit else None

    async def share(self, where):
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


class FakeIndex:
    """A `VectorIndex` in a dict; `asked` notes how deep each search went."""

    def __init__(self) -> None:
        self.vectors: dict[str, np.ndarray] = {}
        self.asked: list[int] = []
        self.broken: TransientError | None = None

    def upsert(self, image_ids, embeddings):
        self.vectors.update(zip(image_ids, embeddings, strict=True))

    def delete(self, image_ids):
        for image_id in image_ids:
            self.vectors.pop(image_id, None)

    def get(self, image_ids):
        if self.broken:
            raise self.broken
        return {i: self.vectors[i] for i in image_ids if i in self.vectors}

    def held(self, image_ids):
        return self.vectors.keys() & set(image_ids)

    def load(self):
        pass

    def quick(self):
        return False

    def nearest(self, queries, limit, among=None):
        if self.broken:
            raise self.broken
        self.asked.append(limit)
        ids = [i for i in self.vectors if among is None or i in among]
        scored = [[Neighbour(i, float(self.vectors[i] @ q)) for i in ids] for q in queries]
        return [sorted(row, key=lambda n: (-n.cosine, n.image_id))[:limit] for row in scored]

    def ids(self):
        return iter(sorted(self.vectors))

    def close(self):
        pass


class FakeDecoder:
    """Draws pixels from the bytes of a `PICTURE`; `hold` keeps every call waiting once `begun`.

    `auto` finds in `PICTURE … INSIDE x` what `PICTURE x` shows. `thumbnails` False: none is made.
    """

    def __init__(self) -> None:
        self.decoded = 0
        self.thumbnails = True
        self.urgent: list[bool] = []
        self.begun = asyncio.Semaphore(0)
        self.hold: asyncio.Event | None = None

    async def views(self, data, *, box=None, ways=()):
        whole = await self.decode(data, box=box, urgent=True)
        inner = data.partition(b" INSIDE ")[2] if "auto" in ways else b""
        pixels, sights = [whole.pixels], [WHOLE]
        if inner:
            pixels.append(_drawn(b"PICTURE " + inner, None))
            sights.append(Sight("inner", Box(0.25, 0.5, 0.5, 0.25)))
        return DecodedViews(*turned_views(pixels, sights, ways), 640, 480, "JPEG")

    async def decode(self, data, *, box=None, urgent=False):
        self.urgent.append(urgent)
        self.begun.release()
        if self.hold:
            await self.hold.wait()
        if not data.startswith(b"PICTURE"):
            raise Rejected(Reason.NOT_A_PICTURE, "this is no picture")
        self.decoded += 1
        return DecodedImage(_drawn(data, box), 640, 480, "JPEG")

    async def thumbnail(self, data, *, size):
        if not self.thumbnails:
            raise Rejected(Reason.DECODER_MEMORY, "decoding takes too much memory")
        return b"RIFF%d" % size + data

    def close(self):
        pass


def _drawn(data, box):
    seed = zlib.crc32(data + repr(box).encode())
    return np.random.default_rng(seed).integers(0, 256, (224, 224, 3), np.uint8)


class FakeEmbedding:
    """Draws an embedding from the pixels' checksum: equal pixels, equal embeddings."""

    class embedder:  # noqa: N801 - stands where the service has an attribute
        model_id = "fake-512-00000000"
        dimension = 512
        near_duplicate = 0.8
        parallel = 1
        batch = 8

    def __init__(self) -> None:
        self.embedded = 0
        self.urgent: list[bool] = []

    async def embed(self, pixels, *, urgent=False):
        self.urgent.append(urgent)
        self.embedded += len(pixels)
        drawn = [np.random.default_rng(zlib.crc32(p.tobytes())).normal(size=512) for p in pixels]
        return np.array([d / np.linalg.norm(d) for d in drawn], np.float32)


class FakeStore:
    """An `ObjectStore` in a dict."""

    def __init__(self) -> None:
        self.data: dict[ObjectRef, bytes] = {}
        self.broken: TransientError | None = None

    def stat(self, ref):
        return self.read(ref, 2**31).stat

    def read(self, ref, max_bytes):
        if self.broken:
            raise self.broken
        if ref not in self.data:
            raise ObjectGone(ref.key)
        data = self.data[ref]
        if len(data) > max_bytes:
            raise Rejected(Reason.TOO_MANY_BYTES, "too large")
        stat = ObjectStat(ref, len(data), image_digest(data), datetime(2026, 1, 1, tzinfo=UTC))
        return ObjectBytes(stat, data, image_digest(data))

    def buckets(self):
        if self.broken:
            raise self.broken
        return sorted({ref.bucket for ref in self.data})

    def list(self, bucket, prefix=""):
        refs = sorted(r for r in self.data if r.bucket == bucket and r.key.startswith(prefix))
        return iter([self.stat(ref) for ref in refs])


class FakeEmbedder:
    """An `Embedder` that tells pictures by their first value.

    It notes its batches in `batches`, and in `alone` those it was given the whole device for.

    While `gate` is shut, every call waits once it has set `begun`. A picture of value `poison`
    raises `ValueError`.
    """

    model_id = "fake-512-00000000"
    dimension = 512
    near_duplicate = 0.8

    def __init__(self, parallel=1, batch=4, poison=None):
        self.parallel = parallel
        self.batch = batch
        self.poison = poison
        self.batches: list[list[int]] = []
        self.alone: list[int] = []
        self.begun = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def embed(self, pixels):
        values = [int(p.flat[0]) for p in pixels]
        self.batches.append(values)
        self.begun.set()
        self.gate.wait(10)
        if self.poison in values:
            raise ValueError(f"poison among {values}")
        return np.repeat(np.array(values, np.float32)[:, None], 512, axis=1)

    def embed_alone(self, pixels):
        self.alone += [int(p.flat[0]) for p in pixels]
        return self.embed(pixels)


class ThumbnailEmbedder:
    """An `Embedder` that truly looks: red and green on a 16 x 16 grid, so a turned copy is lost."""

    model_id = "thumbnail-512-00000000"
    dimension = 512
    near_duplicate = 0.9
    parallel = 2
    batch = 8

    def embed(self, pixels):
        grid = pixels.astype(np.float32).reshape(-1, 16, 14, 16, 14, 3).mean((2, 4))[..., :2]
        rows = grid.reshape(len(pixels), 512)
        rows = rows - rows.mean(1, keepdims=True)
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)

    def embed_alone(self, pixels):
        return self.embed(pixels)


class PoisonedEmbedder(ThumbnailEmbedder):
    """Fails, as no embedder should, on a batch with a picture whose middle is pure red."""

    def embed(self, pixels):
        if any(tuple(picture[112, 112]) == (255, 0, 0) for picture in pixels):
            raise ZeroDivisionError("red in the middle")
        return super().embed(pixels)


class FakeProcessor:
    """What an intake feeds; notes its batches. Shut `gate` holds them back.

    `changing` says how many times more an object is found changing; `poison` raises `ValueError`.
    """

    def __init__(self) -> None:
        self.batches: list[list[Event]] = []
        self.finished = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.changing: Counter[ObjectRef] = Counter()
        self.poison: set[ObjectRef] = set()
        self.given_up: list[tuple[Event, Rejected]] = []

    async def process(self, events):
        self.batches.append(list(events))
        await self.gate.wait()
        if any(event.ref in self.poison for event in events):
            raise ValueError("poison")
        again = [event for event in events if self.changing[event.ref] > 0]
        self.changing.subtract(event.ref for event in again)
        settled = [Settled(event, Outcome.INDEXED) for event in events if event not in again]
        self.finished += len(settled)
        return Processed(settled, again)

    async def give_up(self, event, why):
        self.given_up.append((event, why))
        return Processed([Settled(event, Outcome.REJECTED, why)], [])

    @property
    def seen(self) -> list[ObjectRef]:
        return [event.ref for batch in self.batches for event in batch]


def as_said(*changes: Change) -> Present:
    """A store that holds each object just as the changes say."""

    async def present(refs):
        stats = {change.ref: getattr(change, "stat", None) for change in changes}
        return {ref: stats[ref] for ref in refs if stats[ref]}

    return present


class Faulty:
    """A part of which one call of `method` raises `fault`, before or after it has done its work."""

    def __init__(self, part, method: str, when: str, fault: BaseException) -> None:
        self._part = part
        self._method = method
        self._when = when
        self._fault = fault
        self._calls = itertools.count()
        self.struck = False

    def __getattr__(self, name):
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def strike(moment: str) -> None:
            if moment == self._when and next(self._calls) == 0:
                self.struck = True
                raise self._fault

        def call(*arguments, **named):
            strike("before")
            answer = real(*arguments, **named)
            strike("after")
            return answer

        async def call_async(*arguments, **named):
            strike("before")
            answer = await real(*arguments, **named)
            strike("after")
            return answer

        return call_async if inspect.iscoroutinefunction(real) else call


class Stopped:
    """A part that stands still after the nth call of `method`, until told to go on."""

    def __init__(self, part, method: str, nth: int = 1) -> None:
        self._part = part
        self._method = method
        self._nth = nth
        self._calls = itertools.count(1)
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __getattr__(self, name):
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def stop() -> None:
            if next(self._calls) == self._nth:
                self.reached.set()
                self.go_on.wait(30)

        def call(*arguments, **named):
            answer = real(*arguments, **named)
            stop()
            return answer

        async def call_async(*arguments, **named):
            answer = await real(*arguments, **named)
            await asyncio.to_thread(stop)
            return answer

        return call_async if inspect.iscoroutinefunction(real) else call


class Counted:
    """A part that counts the calls of each method."""

    def __init__(self, part) -> None:
        self._part = part
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name):
        self.calls[name] += 1
        return getattr(self._part, name)


class Interposed:
    """A part that runs `hook` once, after its first call of `method`."""

    def __init__(self, part, method: str, hook) -> None:
        self._part = part
        self._method = method
        self._hook = hook

    def __getattr__(self, name):
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def call(*arguments, **named):
            answer = real(*arguments, **named)
            hook, self._hook = self._hook, None
            if hook is not None:
                hook()
            return answer

        return call


class CutOff:
    """A store whose listing of one bucket breaks off after so many objects."""

    def __init__(self, store, bucket: str, after: int) -> None:
        self._store = store
        self._bucket = bucket
        self._after = after

    def __getattr__(self, name):
        return getattr(self._store, name)

    def list(self, bucket, prefix=""):
        for n, stat in enumerate(self._store.list(bucket, prefix)):
            if bucket == self._bucket and n == self._after:
                raise TransientError("store", "the line is cut")
            yield stat
