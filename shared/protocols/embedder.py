"""The model."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""RGB pictures squeezed to the model's input: uint8, shape (n, 224, 224, 3)."""

Embeddings = NDArray[np.float32]
"""L2-normalised float32, shape (n, 512); their dot product is the cosine."""


class Embedder(Protocol):
    """A model on a device. Blocks; safe from several threads.

    Attributes:
        model_id: name, dimension and a hash of weights, mean and head; two embedders with the same
            `model_id` give the same embeddings up to the device's rounding.
        dimension: length of an embedding.
        near_duplicate: the least cosine at which two pictures count as edits of one another;
            above 1 where the model has no calibration.
        parallel: how many `embed` calls run side by side before they slow each other down.
        batch: the batch size at which throughput peaks on this device.
    """

    model_id: str
    dimension: int
    near_duplicate: float
    parallel: int
    batch: int

    def embed(self, pixels: Pixels) -> Embeddings:
        """Embed RGB uint8 pictures, shape (n, 224, 224, 3), into float32 (n, dimension).

        n is at least 1.
        """

    def embed_alone(self, pixels: Pixels) -> Embeddings:
        """Embed as `embed` does, but sooner and with more work: while nothing else is embedded."""
