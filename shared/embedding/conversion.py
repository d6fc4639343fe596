"""From torch to OpenVINO's own form. Importing this imports torch."""

import warnings

import openvino as ov
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

from shared.embedding.models import SIDE
from shared.embedding.networks import EmbeddingNetwork

_KEPT_IN_FLOAT32 = "precise_0"  # ov::DisableFP16Compression, by the name Python can give it


def convert(network: EmbeddingNetwork, exact: int = 0) -> ov.Model:
    """Convert a network for one picture at a time: uint8 (1, 224, 224, 3) to float32 (1, 512).

    A fixed shape runs a tenth faster than an open one, and an embedding then never depends on
    which pictures shared its batch.

    `openvino.convert_model` does the same but reports its use to a server; this asks no one.

    Args:
        network: from pixels to embedding.
        exact: as many leading convolutions, and what goes before them, are marked to stay in
            float32; OpenVINO heeds the mark once the model was saved and read again.
    """
    picture = torch.zeros((1, SIDE, SIDE, 3), dtype=torch.uint8)
    with warnings.catch_warnings():  # torch would rather export, which OpenVINO reads less quietly
        warnings.simplefilter("ignore", FutureWarning)
        traced = torch.jit.trace(network, picture)  # type: ignore[no-untyped-call] # torch's own lack
    decoder = TorchScriptPythonDecoder(traced, shared_memory=False)
    frontend = FrontEndManager().load_by_framework("pytorch")
    model: ov.Model = frontend.convert(frontend.load(decoder))
    model.reshape([1, SIDE, SIDE, 3])
    _keep_exact(model, exact)
    return model


def _keep_exact(model: ov.Model, convolutions: int) -> None:
    left = convolutions
    for operation in model.get_ordered_ops():
        if not left:
            return
        operation.get_rt_info()[_KEPT_IN_FLOAT32] = ""
        left -= operation.get_type_name() in {"Convolution", "GroupConvolution"}
