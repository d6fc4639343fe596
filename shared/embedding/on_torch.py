"""Models on a GPU, run by torch; on the CPU too, to prove what others compute. Imports torch."""

import copy
from typing import Literal

import numpy as np
import torch

from shared.embedding.models import DIMENSION
from shared.embedding.networks import EmbeddingNetwork
from shared.protocols import Embeddings, Pixels

_CUDA_BATCH = 64


class TorchEmbedder:
    """An `Embedder` on a torch device.

    Args:
        network: the network; it is copied, not moved.
        model_id: its name.
        near_duplicate: its threshold.
        device: `cuda` or `cpu`.
        precision: arithmetic of the network; `auto` takes bf16 on a GPU that has it.
    """

    def __init__(
        self,
        network: EmbeddingNetwork,
        *,
        model_id: str,
        near_duplicate: float,
        device: Literal["cuda", "cpu"],
        precision: Literal["auto", "f32", "bf16"] = "auto",
    ) -> None:
        self.model_id = model_id
        self.dimension = DIMENSION
        self.near_duplicate = near_duplicate
        on_gpu = device == "cuda"
        self.parallel = 2 if on_gpu else 1  # one batch is copied while the other runs
        self.batch = _CUDA_BATCH if on_gpu else 4
        if precision == "auto":
            precision = "bf16" if on_gpu and torch.cuda.is_bf16_supported() else "f32"
        self.precision = precision
        self._device = torch.device(device)
        self._network = copy.deepcopy(network)
        self._network.run_features_in(torch.bfloat16 if precision == "bf16" else torch.float32)
        self._network.to(self._device).to(memory_format=torch.channels_last)

    def embed(self, pixels: Pixels) -> Embeddings:
        """Embed RGB uint8 pictures, shape (n, 224, 224, 3), into float32 (n, 512)."""
        with torch.inference_mode():
            batch = torch.from_numpy(np.require(pixels, requirements=["C", "W"])).to(self._device)
            embeddings: Embeddings = self._network(batch).cpu().numpy()
        return embeddings

    def embed_alone(self, pixels: Pixels) -> Embeddings:
        """Embed as `embed` does: one picture has the whole device in either case."""
        return self.embed(pixels)
