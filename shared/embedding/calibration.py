"""What was measured once on real pictures and belongs to a model's weights: mean and threshold.

Source: the mean is that of 200 photographs of 200 kinds of things (one a class of ImageNet's list)
and 17 pictures of scikit-image, decoded as Seenit decodes; the threshold was set on the 200.
`benchmarks/calibrate.py FOLDER` measures both again from any folder of pictures.
"""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from shared.embedding.models import Model

UNKNOWN = 2.0
"""A threshold that no cosine reaches: without a calibration nothing is called a near duplicate."""

_NEAR_DUPLICATE = {"57934424": 0.7}
"""By the weights' first 8 hex digits. Of 557,200 pairs of those 200 photographs, edited or not, the
most alike (a passenger car and a steam locomotive made gray) have a cosine of 0.67, so none passes;
72 % of edited copies do: nearly all that were resized, recompressed, mirrored, brightened, framed
or captioned, few that lost three quarters of the picture or were turned by 90 degrees."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A model's mean embedding and what its cosines tell.

    Attributes:
        mean: the mean of the pooled features over real pictures, float32 (features,). Without
            subtracting it, any two pictures look alike and a threshold means nothing.
        near_duplicate: the least cosine at which two pictures count as edits of one another.
    """

    mean: NDArray[np.float32]
    near_duplicate: float


def calibration(model: Model, weights: str) -> Calibration:
    """Find the calibration of these weights (first 8 hex digits of their SHA-256).

    Weights that nobody calibrated, such as one's own, get a mean of zero and `UNKNOWN`: they can be
    searched, but say nothing of near duplicates.
    """
    if weights not in _NEAR_DUPLICATE:
        return Calibration(np.zeros(model.features, np.float32), UNKNOWN)
    name = f"{model.name}-{weights}.npy"
    with (files("shared.embedding") / "means" / name).open("rb") as file:
        mean = np.load(file, allow_pickle=False)
    return Calibration(mean, _NEAR_DUPLICATE[weights])
