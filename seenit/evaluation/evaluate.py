"""Edits every picture of a folder and asks which original each edited copy finds."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from seenit.evaluation.edits import EDITS, encode
from shared.digests import image_digest
from shared.errors import Rejected, SeenitError
from shared.protocols import Embedder, Embeddings

Decode = Callable[[bytes], NDArray[np.uint8]]
"""From a file's bytes to RGB uint8 (224, 224, 3); raises `Rejected`. Ingest's own decoder."""

Progress = Callable[[int, int], None]
"""Called with the pictures done and all there are, now and then."""

_LONGEST = 2048
"""Pictures are edited at most this large, in pixels of the longer side: it changes no embedding
worth telling, and a 50-megapixel picture would take seconds an edit."""
