"""From torch to OpenVINO's own form. Importing this imports torch."""

import warnings

import openvino as ov
import torch
from openvino.frontend import FrontEndManager
from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

from shared.embedding.models import SIDE
from shared.embedding.networks import EmbeddingNetwork


def convert(network: EmbeddingNetwork) -> ov.Model:
    """Convert a network for one picture at a time: uint8 (1, 224, 224, 3) to float32 (1, 512).

    A fixed shape runs a tenth faster than an open one, and an embedding then never depends on
    which pictures shared its batch.

    `openvino.convert_model` does the same but reports its use to a server; this asks no one.
    """
    picture = torch.zeros((1, SIDE, SIDE, 3), dtype=torch.uint8)
    with warnings.catch_warnings():  # torch would rather export, which OpenVINO reads less quietly
        warnings.simplefilter("ignore", FutureWarning)
        traced = torch.jit.trace(network, picture)  # type: ignore[no-untyped-call] # torch's own lack
    decoder = TorchScriptPythonDecoder(traced, shared_memory=False)
    frontend = FrontEndManager().load_by_framework("pytorch")
    model: ov.Model = frontend.convert(frontend.load(decoder))
    model.reshape([1, SIDE, SIDE, 3])
    return model
