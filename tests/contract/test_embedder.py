"""What every embedder keeps, on each that can be had: OpenVINO in f32 and bf16, torch, CUDA."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch  # noqa: TID251 - asks whether there is a GPU
from PIL import Image
from skimage import data

from shared.embedding.calibration import calibration
from shared.embedding.head import model_id
from shared.embedding.load import load_embedder
from shared.embedding.models import MODELS
from shared.embedding.networks import build_network
from shared.embedding.on_torch import TorchEmbedder
from shared.embedding.weights import find_weights
from shared.errors import ConfigurationError
from shared.settings import Settings

LITE0 = MODELS["efficientnet-lite0"]
SAMPLES = ("astronaut", "chelsea", "coffee", "rocket", "camera", "brick", "immunohistochemistry")


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="session")
def photos():
    """Seven pictures as ingest would hand them over, uint8 (7, 224, 224, 3)."""
    pictures = [Image.fromarray(getattr(data, name)()).convert("RGB") for name in SAMPLES]
    return np.stack([np.asarray(picture.resize((224, 224))) for picture in pictures])


def on_torch(precision):
    weights = find_weights(LITE0, Settings())
    calibrated = calibration(LITE0, weights.name)
    return TorchEmbedder(
        build_network(LITE0, weights, calibrated),
        model_id=model_id(LITE0, weights.name, calibrated.mean),
        near_duplicate=calibrated.near_duplicate,
        device="cpu",
        precision=precision,
    )


@pytest.fixture(scope="session")
def reference():
    """The default model in torch, float32 on the CPU: what all others are held against."""
    return on_torch("f32")


RUNTIMES = ["openvino-f32", "openvino-bf16", "torch-f32", "torch-bf16", "cuda"]


@pytest.fixture(scope="session", params=RUNTIMES)
def embedder(request, cache_dir):
    if request.param.startswith("torch"):
        return on_torch(request.param.removeprefix("torch-"))
    device, precision = {
        "openvino-f32": ("cpu", "f32"),
        "openvino-bf16": ("cpu", "bf16"),
        "cuda": ("cuda", "auto"),
    }[request.param]
    if device == "cuda" and not torch.cuda.is_available():
        _cannot_be_had("CUDA CANNOT BE HAD HERE: no GPU")
    try:
        return load_embedder(Settings(cache_dir=cache_dir, device=device, precision=precision))
    except ConfigurationError as error:
        return _cannot_be_had(f"{request.param.upper()} CANNOT BE HAD HERE: {error}")


def _cannot_be_had(problem):
    """Skip loudly, under CI too: no installing gives a machine a GPU, or a processor bf16."""
    warnings.warn(problem, stacklevel=1)
    pytest.skip(problem)


def cosines(a, b):
    return np.einsum("nd,nd->n", a, b)


def test_an_embedding_is_512_float32_of_length_one(embedder, photos):
    embeddings = embedder.embed(photos)
    assert embedder.dimension == 512
    assert embeddings.shape == (len(photos), 512)
    assert embeddings.dtype == np.float32
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_an_embedding_is_the_same_alone_and_in_any_company(embedder, photos):
    together = embedder.embed(photos)
    backwards = embedder.embed(photos[::-1])[::-1]
    alone = np.concatenate([embedder.embed(photos[i : i + 1]) for i in range(len(photos))])
    assert cosines(together, alone).min() > 0.9999
    assert cosines(together, backwards).min() > 0.9999


def test_with_the_whole_device_it_is_the_same(embedder, photos):
    alone = np.concatenate([embedder.embed_alone(photos[i : i + 1]) for i in range(len(photos))])
    assert cosines(embedder.embed(photos), alone).min() > 0.9999


def test_all_runtimes_agree_with_torch(embedder, reference, photos):
    precise = 0.995 if embedder.precision == "bf16" else 0.9999
    assert cosines(embedder.embed(photos), reference.embed(photos)).min() >= precise
    assert embedder.model_id == reference.model_id
    assert embedder.near_duplicate == reference.near_duplicate


def test_threads_do_not_disturb_one_another(embedder, photos):
    expected = embedder.embed(photos)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: embedder.embed(photos[i % 7 : i % 7 + 1])[0], range(42)))
    assert cosines(np.stack(found), expected[np.arange(42) % 7]).min() > 0.9999


def test_an_earlier_answer_is_not_overwritten_by_a_later_one(embedder, photos):
    first = embedder.embed(photos[:1])
    kept = first.copy()
    embedder.embed(photos[1:2])
    assert np.array_equal(first, kept)


def test_read_only_and_scattered_pictures_are_embedded_alike(embedder, photos):
    frozen = photos[:2].copy()
    frozen.flags.writeable = False
    scattered = np.ascontiguousarray(photos[:2, :, ::-1])[:, :, ::-1]
    expected = embedder.embed(photos[:2])
    assert cosines(embedder.embed(frozen), expected).min() > 0.9999
    assert cosines(embedder.embed(scattered), expected).min() > 0.9999


def test_uniform_pictures_have_embeddings_too(embedder):
    uniform = np.stack([np.full((224, 224, 3), value, np.uint8) for value in (0, 127, 255)])
    embeddings = embedder.embed(uniform)
    assert np.isfinite(embeddings).all()
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)


def test_an_edited_copy_is_a_near_duplicate_and_another_picture_is_not(embedder, photos):
    flipped = np.ascontiguousarray(photos[:, :, ::-1])
    darker = (photos * 0.7).astype(np.uint8)
    originals = embedder.embed(photos)
    assert cosines(embedder.embed(flipped), originals).min() >= embedder.near_duplicate
    assert cosines(embedder.embed(darker), originals).min() >= embedder.near_duplicate
    others = (originals @ originals.T)[~np.eye(len(photos), dtype=bool)]
    assert others.max() < embedder.near_duplicate
    assert abs(np.median(others)) < 0.15


def test_it_says_how_it_wants_to_be_called(embedder):
    assert embedder.model_id.startswith("efficientnet-lite0-512-")
    assert embedder.parallel >= 1
    assert embedder.batch >= 1
