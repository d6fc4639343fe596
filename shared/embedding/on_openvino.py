"""Models on the CPU, run by OpenVINO."""

import threading
from typing import Literal

import numpy as np
import openvino as ov

from shared.embedding.cache import CachedModel
from shared.embedding.models import DIMENSION, SIDE
from shared.embedding.processor import cores
from shared.errors import ConfigurationError
from shared.protocols import Embeddings, Pixels
from shared.settings import PREFIX

BATCH = 4
"""Pictures per call. They run one by one; a few at a time spare the threads some hand-overs."""


class OpenVinoEmbedder:
    """An `Embedder` on the CPU: as many pictures side by side as there are cores, a thread each.

    Args:
        model: the converted model.
        model_id: its name.
        near_duplicate: its threshold.
        precision: arithmetic of the network; `auto` takes bf16 where the processor has it.

    Raises:
        ConfigurationError: bf16 is asked for on a processor that has none.
    """

    def __init__(
        self,
        model: CachedModel,
        *,
        model_id: str,
        near_duplicate: float,
        precision: Literal["auto", "f32", "bf16"] = "auto",
    ) -> None:
        self.model_id = model_id
        self.dimension = DIMENSION
        self.near_duplicate = near_duplicate
        self.parallel = cores()
        self.batch = BATCH
        core = ov.Core()
        self.precision = _precision(core, precision)
        graph = core.read_model(model.graph, model.constants)
        self._side_by_side = _Network(core, graph, self.precision, self.parallel)
        self._alone = _Network(core, graph, self.precision, 1)

    def embed(self, pixels: Pixels) -> Embeddings:
        """Embed RGB uint8 pictures, shape (n, 224, 224, 3), into float32 (n, 512)."""
        return self._side_by_side.embed(pixels)

    def embed_alone(self, pixels: Pixels) -> Embeddings:
        """Embed with all cores on each picture: on two, in little more than half the time."""
        return self._alone.embed(pixels)


class _Network:
    """The network, compiled for `streams` pictures side by side on all cores."""

    def __init__(self, core: ov.Core, graph: ov.Model, precision: str, streams: int) -> None:
        self._compiled = core.compile_model(
            graph,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": precision,
                "NUM_STREAMS": streams,
                "INFERENCE_NUM_THREADS": cores(),
                "ENABLE_CPU_PINNING": False,  # the cores are shared with decoding
            },
        )
        self._mine = threading.local()
        # Two threads in their first inference at once may wait for each other for ever: OpenVINO
        # fills its table of types on first use, holding its lock while it waits for Python's.
        self.embed(np.zeros((1, SIDE, SIDE, 3), np.uint8))

    def embed(self, pixels: Pixels) -> Embeddings:
        request = self._request()
        embeddings = np.empty((len(pixels), DIMENSION), np.float32)
        for i in range(len(pixels)):
            output = request.infer([pixels[i : i + 1]], share_inputs=True, share_outputs=True)
            embeddings[i] = output[0][0]
        return embeddings

    def _request(self) -> ov.InferRequest:
        """Return the calling thread's own request; one serves one thread at a time."""
        if not hasattr(self._mine, "request"):
            self._mine.request = self._compiled.create_infer_request()
        return self._mine.request


def _precision(core: ov.Core, asked: Literal["auto", "f32", "bf16"]) -> Literal["f32", "bf16"]:
    has_bf16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if asked == "bf16" and not has_bf16:
        raise ConfigurationError(
            f"{PREFIX}PRECISION", "this processor has no bf16; use f32 or auto"
        )
    return "bf16" if has_bf16 and asked != "f32" else "f32"
