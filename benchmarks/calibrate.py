"""Measure a model's calibration again: its mean embedding and what its cosines tell.

    python benchmarks/calibrate.py FOLDER... [--model NAME] [--weights FILE] [--out mean.npy]

The mean is taken over every picture in the folders; pictures of everyday things, each of another
thing, serve best. What shipped was made from 200 photographs of 200 ImageNet classes and 17
pictures of scikit-image: astronaut, brick, camera, cell, chelsea, clock_motion, coffee, coins,
color, grass, gravel, hubble_deep_field, ihc, moon, motorcycle_left, retina and rocket. The
threshold belongs above `most`, the greatest cosine between a picture, edited or not, and any other;
it and the mean go to shared/embedding/calibration.py and means/.
"""

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import torch  # noqa: TID251 - measures the bare network

from seenit.evaluation.evaluate import Trial, evaluate
from shared.embedding.calibration import UNKNOWN, Calibration
from shared.embedding.models import MODELS
from shared.embedding.networks import EmbeddingNetwork, build_network
from shared.embedding.on_torch import TorchEmbedder
from shared.embedding.weights import find_weights
from shared.errors import Rejected
from shared.images.decoding import decode, decode_views
from shared.images.views import WAYS
from shared.protocols import Pixels
from shared.settings import Settings

decode_any = partial(decode, max_pixels=100_000_000)
see_any = partial(decode_views, max_pixels=100_000_000)


def main() -> None:
    """Compute the mean, save it, and evaluate the model with it on the first folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--model", choices=sorted(MODELS), default="efficientnet-lite0")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--out", type=Path, default=Path("mean.npy"))
    arguments = parser.parse_args()

    model = MODELS[arguments.model]
    weights = find_weights(model, Settings(model=model.name, model_weights=arguments.weights))
    bare = Calibration(np.zeros(model.features, np.float32), UNKNOWN)
    pictures = [pixels for folder in arguments.folders for pixels in readable(folder)]
    mean = mean_of_features(build_network(model, weights, bare), np.stack(pictures))
    np.save(arguments.out, mean)
    print(f"{arguments.out}: the mean of {len(pictures)} pictures; weights {weights.name}")

    calibrated = Calibration(mean, UNKNOWN)
    embedder = TorchEmbedder(
        build_network(model, weights, calibrated),
        model_id="calibrating",
        near_duplicate=UNKNOWN,
        device="cpu",
    )
    found = evaluate(
        arguments.folders[0],
        embedder,
        lambda data, ways: see_any(data, ways=ways).pixels,
        trial=Trial(ways=WAYS),
    )
    print("unrelated pairs:", dict(found.unrelated.points))
    print("edited copies:", dict(found.edited.points))
    print(f"most: {found.unrelated.points[-1][1]:.3f}")


def readable(folder: Path) -> list[Pixels]:
    """Decode every picture in `folder`; what is no picture is left out."""
    found = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            found.append(decode_any(path.read_bytes()).pixels)
        except Rejected:
            continue
    return found


@torch.inference_mode()
def mean_of_features(network: EmbeddingNetwork, pixels: Pixels) -> np.ndarray:
    """Average the pooled features, in float64, a few pictures at a time."""
    pooled = [network.pooled(torch.from_numpy(pixels[i : i + 8])) for i in range(0, len(pixels), 8)]
    return torch.cat(pooled).double().mean(0).float().numpy()


if __name__ == "__main__":
    main()
