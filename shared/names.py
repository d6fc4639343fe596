"""Many images' names at a time, without a text for each: that, and not the search, would cost."""

from collections.abc import Collection, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

LETTERS = 64
"""Of a name: a digest in hex."""

_WORDS = LETTERS // 8
_ODD = (np.uint64(0x9E3779B97F4A7C15) ** np.arange(1, _WORDS + 1, dtype=np.uint64)) | np.uint64(1)


class ImageNames(Collection[str]):
    """Names of images, each once; made from names of 64 letters, one behind the other.

    Attributes:
        marks: uint64, shape (n,), one a name, see `marks_of`; sorted.
    """

    def __init__(self, letters: str = "") -> None:
        self._letters = letters
        marks = _marks(letters.encode("ascii"))
        places = np.argsort(marks)
        marks = marks[places]
        once = np.append(marks[:1] == marks[:1], marks[1:] != marks[:-1])
        self.marks: NDArray[np.uint64] = marks[once]
        self._places: NDArray[np.intp] = places[once]

    def also_in(self, other: "ImageNames") -> "ImageNames":
        """Keep the names that are among others, too."""
        both = held(self.marks, other.marks)
        kept = ImageNames()
        kept._letters, kept.marks, kept._places = (
            self._letters,
            self.marks[both],
            self._places[both],
        )
        return kept

    def __len__(self) -> int:
        return len(self.marks)

    def __iter__(self) -> Iterator[str]:
        for start in (self._places * LETTERS).tolist():
            yield self._letters[start : start + LETTERS]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(held(marks_of([name]), self.marks)[0])


def marks_of(names: Iterable[str]) -> NDArray[np.uint64]:
    """Make one number, of 64 bits, of each name.

    That any two of a million share one has a chance of one in forty million, and then a search
    compares a picture too many, which its join drops.
    """
    if isinstance(names, ImageNames):
        return names.marks
    return _marks(b"".join(name.encode().ljust(LETTERS, b"\0")[:LETTERS] for name in names))


def are_named(names: Iterable[str], among: Collection[str]) -> list[bool]:
    """Tell which of `names` are `among` others, of which there may be many."""
    told: list[bool] = held(marks_of(names), np.sort(marks_of(among))).tolist()
    return told


def held(marks: NDArray[np.uint64], among: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Tell which of `marks` are `among` others, which are sorted."""
    if not len(among):
        return np.zeros(len(marks), np.bool_)
    places = np.searchsorted(among, marks)
    found: NDArray[np.bool_] = among[np.minimum(places, len(among) - 1)] == marks
    return found


def _marks(letters: bytes) -> NDArray[np.uint64]:
    marks: NDArray[np.uint64] = np.frombuffer(letters, np.uint64).reshape(-1, _WORDS) @ _ODD
    return marks
