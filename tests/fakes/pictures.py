"""What decodes and embeds, without pictures and models; and models that look, or fail."""

import asyncio
import threading
import zlib

import numpy as np

from shared.errors import Reason, Rejected
from shared.images.boxes import Box
from shared.images.decoding import DecodedViews
from shared.images.views import WHOLE, Sight, turned_views


class FakeDecoder:
    """Draws pixels from the bytes of a `PICTURE`; `hold` keeps every call waiting once `begun`.

    `auto` finds in `PICTURE … INSIDE x` what `PICTURE x` shows. `thumbnails` False: none is made.
    """

    def __init__(self) -> None:
        self.decoded = 0
        self.thumbnails = True
        self.begun = asyncio.Semaphore(0)
        self.hold: asyncio.Event | None = None

    async def views(self, data, *, box=None, ways=()):
        self.begun.release()
        if self.hold:
            await self.hold.wait()
        if not data.startswith(b"PICTURE"):
            raise Rejected(Reason.NOT_A_PICTURE, "this is no picture")
        self.decoded += 1
        inner = data.partition(b" INSIDE ")[2] if "auto" in ways else b""
        pixels, sights = [_drawn(data, box)], [WHOLE]
        if inner:
            pixels.append(_drawn(b"PICTURE " + inner, None))
            sights.append(Sight("inner", Box(0.25, 0.5, 0.5, 0.25)))
        return DecodedViews(*turned_views(pixels, sights, ways), 640, 480, "JPEG")

    async def thumbnail(self, data, *, size):
        if not self.thumbnails:
            raise Rejected(Reason.DECODER_MEMORY, "decoding takes too much memory")
        return b"RIFF%d" % size + data


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
        self.lone = 0
        self.urgent: list[bool] = []

    async def embed_alone(self, pixels):
        self.lone += 1
        return await self.embed(pixels, urgent=True)

    async def embed(self, pixels, *, urgent=False):
        self.urgent.append(urgent)
        self.embedded += len(pixels)
        drawn = [np.random.default_rng(zlib.crc32(p.tobytes())).normal(size=512) for p in pixels]
        return np.array([d / np.linalg.norm(d) for d in drawn], np.float32)


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
