"""The fixed projection and the name of what makes an embedding."""

import numpy as np
import pytest

from shared.embedding.calibration import UNKNOWN, calibration
from shared.embedding.head import model_id, projection
from shared.embedding.models import MODELS


@pytest.mark.parametrize("features", [1280, 2048])
def test_the_projection_keeps_lengths_within_its_512_dimensions(features):
    drawn = projection(features).astype(np.float64)
    assert np.allclose(drawn.T @ drawn, np.eye(512), atol=1e-6)


def test_the_projection_is_the_same_on_every_machine():
    corner = projection(1280)[:2, :3]
    expected = [[0.02698196, 0.02541953, 0.01818118], [0.02024774, -0.0159076, 0.01269576]]
    assert np.allclose(corner, expected, atol=1e-7)


def test_the_model_id_names_the_model_and_tells_weights_and_means_apart():
    lite0, resnet50 = MODELS["efficientnet-lite0"], MODELS["resnet50"]
    zero, one = np.zeros(1280, np.float32), np.ones(1280, np.float32)
    names = {
        model_id(lite0, "57934424", zero),
        model_id(lite0, "57934424", one),
        model_id(lite0, "57934425", zero),
        model_id(resnet50, "57934424", zero),
    }
    assert len(names) == 4
    assert model_id(lite0, "57934424", zero) == model_id(lite0, "57934424", zero.copy())
    assert all(len(name.rsplit("-", 1)[1]) == 8 for name in names)


def test_only_calibrated_weights_call_anything_a_near_duplicate():
    lite0, resnet50 = MODELS["efficientnet-lite0"], MODELS["resnet50"]
    shipped = calibration(lite0, lite0.weights)
    assert shipped.mean.shape == (1280,)
    assert shipped.mean.dtype == np.float32
    assert shipped.mean.any()
    assert 0 < shipped.near_duplicate < 1
    for model, weights in ((lite0, "00000000"), (resnet50, resnet50.weights)):
        unknown = calibration(model, weights)
        assert unknown.near_duplicate == UNKNOWN > 1
        assert not unknown.mean.any()
        assert unknown.mean.shape == (model.features,)
