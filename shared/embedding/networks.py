"""The networks in torch: built from checked weights, pixels in, embeddings out.

Importing this imports torch, which takes seconds; a start from the cache never does.
"""

import hashlib
import io
import pickle
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import torch
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor, nn
from torchvision.models import ResNet50_Weights, resnet50

from shared.embedding.calibration import Calibration
from shared.embedding.head import projection
from shared.embedding.models import Model
from shared.embedding.weights import WEIGHTS_OPTION, Weights
from shared.errors import ConfigurationError

StateDict = Mapping[str, Any]


class EmbeddingNetwork(nn.Module):
    """All from uint8 pixels (n, 224, 224, 3) to L2-normalised float32 (n, 512), in one graph.

    Args:
        model: what `features` expects.
        features: from normalised pixels (n, 3, 224, 224) to a feature map (n, channels, h, w).
        calibration: its mean is subtracted.
    """

    pixel_mean: Tensor
    pixel_scale: Tensor
    mean: Tensor
    projection: Tensor

    def __init__(self, model: Model, features: nn.Module, calibration: Calibration) -> None:
        super().__init__()
        self.features = features
        self.dtype = torch.float32
        self.register_buffer("pixel_mean", torch.tensor(model.pixel_mean).view(1, 3, 1, 1))
        self.register_buffer("pixel_scale", torch.tensor(model.pixel_scale).view(1, 3, 1, 1))
        self.register_buffer("mean", torch.from_numpy(calibration.mean))
        self.register_buffer("projection", torch.from_numpy(projection(model.features)))

    def run_features_in(self, dtype: torch.dtype) -> None:
        """Run the network proper in `dtype`; pixels and head stay in float32, for what it costs."""
        self.dtype = dtype
        self.features.to(dtype)

    def pooled(self, pixels: Tensor) -> Tensor:
        """Return the features averaged over the picture, float32 (n, channels), before the head."""
        normalised = (pixels.permute(0, 3, 1, 2).float() - self.pixel_mean) / self.pixel_scale
        features: Tensor = self.features(normalised.to(self.dtype))
        return features.float().mean((2, 3))

    def forward(self, pixels: Tensor) -> Tensor:
        """Embed; a picture that lands exactly on the mean gives zeros, never NaN."""
        return nn.functional.normalize((self.pooled(pixels) - self.mean) @ self.projection)


class _Lite0Features(nn.Module):
    network: EfficientNet

    def __init__(self, network: EfficientNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, normalised: Tensor) -> Tensor:
        features: Tensor = self.network.extract_features(normalised)
        return features


def build_network(model: Model, weights: Weights, calibration: Calibration) -> EmbeddingNetwork:
    """Build a network ready to run on the CPU.

    Raises:
        ConfigurationError: the weights cannot be had, hold pickled code, or do not fit the model.
    """
    network: nn.Module = (
        resnet50() if model.name == "resnet50" else EfficientNet.from_name(model.name)
    )
    try:
        network.load_state_dict(_state_dict(weights))
    except (RuntimeError, TypeError, AttributeError) as error:
        problem = f"{weights.source} does not fit {model.name}: {_short(error)}"
        raise ConfigurationError(WEIGHTS_OPTION, problem) from error
    features = (
        nn.Sequential(*list(network.children())[:-2])  # all but pooling and classes
        if model.name == "resnet50"
        else _Lite0Features(network)
    )
    return EmbeddingNetwork(model, features, calibration).eval().requires_grad_(False)


def _state_dict(weights: Weights) -> StateDict:
    if weights.content is None:
        return _torchvisions_own()
    load = partial(torch.load, map_location="cpu", weights_only=True)
    try:
        state: StateDict = load(io.BytesIO(weights.content))
    except pickle.UnpicklingError as error:
        problem = f"{weights.source} holds more than weights (pickled code), so it is not opened"
        raise ConfigurationError(WEIGHTS_OPTION, problem) from error
    except (RuntimeError, EOFError, ValueError, KeyError) as error:
        problem = f"{weights.source} is no file of weights (a torch state dict): {_short(error)}"
        raise ConfigurationError(WEIGHTS_OPTION, problem) from error
    return state


def _torchvisions_own() -> StateDict:
    """Load ImageNet weights the way torchvision does: downloaded once, checked by their hash.

    torch checks a file as it downloads it, never again, so what it kept is checked here.
    """
    published = ResNet50_Weights.IMAGENET1K_V2
    try:
        with redirect_stdout(sys.stderr):  # torch announces a download; stdout is for answers
            state: StateDict = published.get_state_dict(
                progress=sys.stderr.isatty(), check_hash=True, weights_only=True
            )
        kept = Path(torch.hub.get_dir(), "checkpoints", PurePosixPath(published.url).name)
        digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    except (OSError, RuntimeError, pickle.UnpicklingError) as error:
        problem = f"torchvision's weights cannot be had ({_short(error)}); name a file of them"
        raise ConfigurationError(WEIGHTS_OPTION, problem) from error
    if not kept.stem.endswith(digest[:8]):
        problem = f"{kept} is not what torchvision published (SHA-256 {digest}); remove it"
        raise ConfigurationError(WEIGHTS_OPTION, problem)
    return state


def _short(error: Exception) -> str:
    """Return an error's first lines; torch lists every key that is missing."""
    return " ".join(str(error).split())[:200] or type(error).__name__
