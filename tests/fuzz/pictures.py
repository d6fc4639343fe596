"""Fuzzes decoding, in one process: `python -m tests.fuzz.pictures -max_total_time=300`.

Whatever the bytes, a decoding process answers with pixels, a thumbnail, or a reason. Mutates small
pictures of all formats. A crash of a codec would end the fuzzer; in Seenit it ends such a process.

Atheris itself takes some 20 to 60 KB more with each input of these, so its limit of memory is wide.
"""

import io
import sys
import tempfile
import warnings
from pathlib import Path

import atheris
import numpy as np
from PIL import Image

with atheris.instrument_imports(include=["shared.images"]):
    from shared.errors import Reason
    from shared.images.child import answer

MAX_PIXELS = 250_000
REQUESTS = (
    {"task": "decode", "max_pixels": MAX_PIXELS},
    {"task": "views", "max_pixels": MAX_PIXELS, "box": (0.25, 0.25, 0.5, 0.5), "ways": []},
    {"task": "views", "max_pixels": MAX_PIXELS, "box": None, "ways": ["auto", "flip", "rotate"]},
    {"task": "thumbnail", "max_pixels": MAX_PIXELS, "size": 32},
)
REASONS = {None, *Reason} - {Reason.UNEXPECTED, Reason.DECODER_CRASHED, Reason.DECODER_MEMORY}
MODES = {
    "AVIF": ["RGB"],
    "BMP": ["1", "P", "RGB"],
    "GIF": ["P"],
    "JPEG": ["L", "RGB", "CMYK"],
    "PNG": ["1", "LA", "P", "RGBA", "I;16"],
    "TIFF": ["1", "L", "RGB", "CMYK", "YCbCr"],
    "WEBP": ["RGB", "RGBA"],
}


def seeds(folder: Path) -> None:
    """Write one small picture of each format and mode."""
    noise = np.random.default_rng(0).integers(0, 255, (12, 17, 3), dtype=np.uint8)
    for kind, modes in MODES.items():
        for mode in modes:
            picture = Image.fromarray(noise)
            picture = picture.convert("I") if mode.startswith("I") else picture
            data = io.BytesIO()
            picture.convert(mode).save(data, kind)
            (folder / f"{kind}-{mode.replace(';', '')}").write_bytes(data.getvalue())


def one(data: bytes) -> None:
    for request in REQUESTS:
        told, pixels = answer(request, data)
        assert told.get("reason") in REASONS, told
        assert bool(pixels) is ("reason" not in told), told


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as corpus:
        seeds(Path(corpus))
        atheris.Setup([*sys.argv, corpus], one)
        atheris.Fuzz()
