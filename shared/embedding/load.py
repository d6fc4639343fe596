"""The one way to an embedder: from settings to a model that is ready to run."""

from pathlib import Path

import platformdirs

from shared.embedding import cache
from shared.embedding.cache import CachedModel
from shared.embedding.calibration import Calibration, calibration
from shared.embedding.head import model_id
from shared.embedding.models import MODELS, Model
from shared.embedding.on_openvino import OpenVinoEmbedder
from shared.embedding.processor import cuda_is_ready
from shared.embedding.weights import Weights, find_weights
from shared.errors import ConfigurationError
from shared.protocols import Embedder
from shared.settings import PREFIX, Settings

FORM = 2
"""Counts how models are converted; a cache of another form is not used."""


def load_embedder(settings: Settings) -> Embedder:
    """Load the model that `settings` name onto their device. Blocks, the first time for seconds.

    On the CPU the model is converted once and cached; later starts take well under a second.

    Raises:
        ConfigurationError: the weights are refused, or the machine lacks what is asked for.
    """
    model = MODELS[settings.model]
    weights = find_weights(model, settings)
    if settings.device != "cpu" and cuda_is_ready():
        return _on_cuda(settings, model, weights)
    if settings.device == "cuda":
        raise ConfigurationError(f"{PREFIX}DEVICE", "there is no GPU that torch can use here")
    return _on_cpu(settings, model, weights)


def _on_cpu(settings: Settings, model: Model, weights: Weights) -> Embedder:
    calibrated = calibration(model, weights.name)
    name = model_id(model, weights.name, calibrated.mean)
    folder = (
        (settings.cache_dir or platformdirs.user_cache_path("seenit")) / "models" / f"{name}-{FORM}"
    )
    converted = cache.read(folder) or _convert(folder, model, weights, calibrated)
    return OpenVinoEmbedder(
        converted,
        model_id=name,
        near_duplicate=calibrated.near_duplicate,
        precision=settings.precision,
    )


def _convert(folder: Path, model: Model, weights: Weights, calibrated: Calibration) -> CachedModel:
    try:
        from shared.embedding.conversion import convert  # noqa: PLC0415 - imports torch
        from shared.embedding.networks import build_network  # noqa: PLC0415 - imports torch
    except ModuleNotFoundError as missing:
        problem = (
            f"{model.name} with the weights {weights.name} was not converted before, and that "
            f"needs {missing.name}, which is not installed"
        )
        raise ConfigurationError(f"{PREFIX}MODEL", problem) from missing
    return cache.write(folder, convert(build_network(model, weights, calibrated), model.exact))


def _on_cuda(settings: Settings, model: Model, weights: Weights) -> Embedder:
    from shared.embedding.networks import build_network  # noqa: PLC0415 - imports torch
    from shared.embedding.on_torch import TorchEmbedder  # noqa: PLC0415 - imports torch

    calibrated = calibration(model, weights.name)
    return TorchEmbedder(
        build_network(model, weights, calibrated),
        model_id=model_id(model, weights.name, calibrated.mean),
        near_duplicate=calibrated.near_duplicate,
        device="cuda",
        precision=settings.precision,
    )
