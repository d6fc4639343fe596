"""From pooled features to an embedding: minus the mean, a fixed projection to 512, length 1.

A random projection keeps cosines, costs nothing beside the network and spares a model of its own;
it is drawn from a fixed seed, so it needs no file and is the same everywhere.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from shared.embedding.models import DIMENSION, Model

_SEED = 20_240_512
_SPEC = f"mean-pool;centre;pcg64({_SEED})-normal-qr-{DIMENSION};l2;v1"
"""What the head does, in words that change when it does: part of every `model_id`."""


def projection(features: int) -> NDArray[np.float32]:
    """Draw the projection, float32 (features, 512), its columns orthonormal.

    QR leaves the sign of each column to the library at hand; it is fixed here so that all agree.
    """
    drawn = np.random.Generator(np.random.PCG64(_SEED)).standard_normal((features, DIMENSION))
    q, r = np.linalg.qr(drawn)
    return np.asarray(q * np.sign(np.diag(r)), dtype=np.float32)


def model_id(model: Model, weights: str, mean: NDArray[np.float32]) -> str:
    """Name what makes an embedding: `NAME-512-XXXXXXXX`, a hash of weights, mean and head.

    Args:
        model: the model.
        weights: the first 8 hex digits of the SHA-256 of its weights.
        mean: float32 (features,).
    """
    parts = (weights.encode(), np.ascontiguousarray(mean, "<f4").tobytes(), _SPEC.encode())
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(part).digest() for part in parts))
    return f"{model.name}-{DIMENSION}-{digest.hexdigest()[:8]}"
