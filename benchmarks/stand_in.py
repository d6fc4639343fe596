"""A stand-in for the model, for workers of which all else is real; tests of faults use it too."""

import time
import zlib

import numpy as np

from shared.protocols import Embeddings, Pixels


class StandIn:
    """An `Embedder` that draws each embedding from the pixels' checksum and takes a fixed time.

    Args:
        model_id: names the collection.
        seconds: for each picture.
        parallel: see `Embedder`.
    """

    dimension = 512
    near_duplicate = 0.9
    batch = 8

    def __init__(self, model_id: str, seconds: float, parallel: int = 2) -> None:
        self.model_id = model_id
        self.parallel = parallel
        self._seconds = seconds

    def embed(self, pixels: Pixels) -> Embeddings:
        """Embed RGB uint8 pictures, shape (n, 224, 224, 3), into float32 (n, 512)."""
        time.sleep(self._seconds * len(pixels))
        seeds = [zlib.crc32(one.tobytes()) for one in pixels]
        rows = np.array([np.random.default_rng(seed).normal(size=512) for seed in seeds])
        return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)

    def embed_alone(self, pixels: Pixels) -> Embeddings:
        """Embed as `embed` does; nothing is sooner."""
        return self.embed(pixels)
