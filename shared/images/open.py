"""Opens the decoder that the settings describe."""

import os

from shared.images.decoder import Decoder
from shared.images.limits import Limits
from shared.settings import Settings

MOST = 4
"""Decoding processes, on however many cores: more decode faster than any model embeds."""


def open_decoder(settings: Settings) -> Decoder:
    """Start a decoding process for each core, or MOST."""
    limits = Limits(settings.max_pixels, settings.decode_timeout_s, settings.decode_memory)
    return Decoder(min(MOST, os.cpu_count() or 1), limits)
