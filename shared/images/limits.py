"""What decoding one picture may cost."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond these a picture is rejected.

    Attributes:
        max_pixels: of the picture as stored.
        timeout_s: wall-clock seconds.
        memory: bytes of address space of a decoding process.
    """

    max_pixels: int = 100_000_000
    timeout_s: float = 20.0
    memory: int = 3 * 2**30
