"""What turns pictures into embeddings."""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from shared.settings.group import Group, OptionalFolder


class Model(Group):
    """The model, its weights, and what it runs on."""

    title: ClassVar = "The model"

    model: Literal["efficientnet-lite0", "resnet50"] = Field(
        "efficientnet-lite0", description="The model that turns pictures into embeddings."
    )
    model_weights: Path | None = Field(
        None, description="A file of weights to use instead of the model's own."
    )
    model_weights_sha256: str = Field(
        "",
        pattern="^([0-9a-f]{64})?$",
        description="The SHA-256 that the weights file must have; empty accepts any.",
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        "auto", description="Where the model runs; `auto` takes CUDA if there is a GPU."
    )
    precision: Literal["auto", "f32", "bf16"] = Field(
        "auto",
        description="Arithmetic of the model; `auto` takes bf16 where the processor has it.",
    )
    cache_dir: OptionalFolder = Field(
        None,
        description="Where converted models are cached; by default the user's cache directory.",
    )

    @field_validator("model_weights")
    @classmethod
    def _weights_exist(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"there is no file {value}")
        return value
