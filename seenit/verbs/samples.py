"""`seenit samples`: real pictures to try Seenit with."""

import io
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, ImageOps

from seenit.console import out, plain, told_plainly
from shared.errors import ConfigurationError

PHOTOS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "grass.png",
    "gravel.png",
    "horse.png",
    "hubble_deep_field.jpg",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
    "retina.jpg",
    "rocket.jpg",
)
EDITED = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg")


def samples(
    folder: Annotated[Path, typer.Argument(help="Where to put them.")] = Path("pictures"),
) -> None:
    """Write real pictures (scikit-image's) and edited copies of some into FOLDER.

    The `originals` become one bucket, the `edited` copies another, so that the page shows
    near-duplicates at once. Files that are there already are left alone.
    """
    with told_plainly():
        written = write_samples(folder)
    if written:
        out.print(f"{written:,} sample pictures written to {plain(str(folder))}")


def write_samples(folder: Path) -> int:
    """Write the pictures that are not there yet; returns how many.

    Raises:
        ConfigurationError: scikit-image, which brings them, is not installed.
    """
    source = _source()
    written = 0
    for name in PHOTOS:
        written += _write(folder / "originals" / name, (source / name).read_bytes())
    for name in EDITED:
        for edit, data in _edited(Image.open(source / name).convert("RGB")).items():
            written += _write(folder / "edited" / f"{Path(name).stem}-{edit}.jpg", data)
    return written


def _source() -> Path:
    try:
        import skimage.data  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigurationError("samples", "they need `pip install seenit[samples]`") from None
    return Path(skimage.data.__file__).parent


def _edited(picture: Image.Image) -> dict[str, bytes]:
    """Make what pictures meet on their way through the net."""
    width, height = picture.size
    cut = (width // 8, height // 8, width - width // 8, height - height // 8)
    edits = {
        "small": picture.resize((width // 3, height // 3)),
        "cropped": picture.crop(cut),
        "mirrored": ImageOps.mirror(picture),
        "gray": ImageOps.grayscale(picture),
        "framed": ImageOps.expand(picture, border=width // 12, fill="white"),
    }
    return {name: _jpeg(edited) for name, edited in edits.items()}


def _jpeg(picture: Image.Image) -> bytes:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=60)
    return encoded.getvalue()


def _write(path: Path, data: bytes) -> bool:
    if path.exists():
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return True
