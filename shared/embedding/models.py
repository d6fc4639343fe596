"""The models Seenit knows, as plain facts; nothing here imports what runs them."""

from dataclasses import dataclass

DIMENSION = 512
"""Length of every embedding, whichever model made it."""

SIDE = 224
"""Pixels of a side of every model's input."""

Channels = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Model:
    """What a model takes and gives.

    Attributes:
        name: as in `SEENIT_MODEL`.
        features: channels of the last feature map, which is averaged over the picture.
        pixel_mean, pixel_scale: red, green, blue; the network sees (pixel - mean) / scale, with
            pixels from 0 to 255.
        exact: leading convolutions that stay in float32 where the rest runs in bf16. Three of
            EfficientNet-Lite0's cost 2 % of its speed and raise the worst of 200 photographs'
            cosines with float32 from 0.9926 to 0.9952; more change nothing.
        weights: the first 8 hex digits of the SHA-256 of the model's own weights, which is also how
            torchvision and the pip package name the file.
    """

    name: str
    features: int
    pixel_mean: Channels
    pixel_scale: Channels
    exact: int
    weights: str


MODELS = {
    model.name: model
    for model in (
        Model("efficientnet-lite0", 1280, (127.0,) * 3, (128.0,) * 3, 3, "57934424"),
        Model(
            "resnet50",
            2048,
            (0.485 * 255, 0.456 * 255, 0.406 * 255),
            (0.229 * 255, 0.224 * 255, 0.225 * 255),
            0,
            "11ad3fa6",
        ),
    )
}
