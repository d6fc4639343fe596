"""A part of a picture, in shares of it: whatever its size in pixels. Pure."""

from typing import NamedTuple, Self

_DIGITS = 6


class Box(NamedTuple):
    """A part of a picture as seen: left, top, width and height as shares of it, 0 to 1."""

    x: float
    y: float
    w: float
    h: float

    def pixels(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return (left, top, right, bottom) in pixels, at least one pixel each way."""
        left, top = min(int(self.x * width), width - 1), min(int(self.y * height), height - 1)
        right, bottom = round((self.x + self.w) * width), round((self.y + self.h) * height)
        return left, top, max(left + 1, min(right, width)), max(top + 1, min(bottom, height))

    @classmethod
    def of_pixels(cls, place: tuple[int, int, int, int], width: int, height: int) -> Self:
        """Take (left, top, right, bottom) in pixels of a picture of this size."""
        left, top, right, bottom = place
        return cls(left / width, top / height, (right - left) / width, (bottom - top) / height)

    def of_part(self, part: Self) -> Self:
        """Tell where in the whole picture this box of its `part` lies."""
        left, top = part.x + self.x * part.w, part.y + self.y * part.h
        return type(self)(left, top, self.w * part.w, self.h * part.h)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `x,y,w,h`.

        Raises:
            ValueError: not four finite numbers that make a box inside the picture.
        """
        x, y, w, h = (float(part) for part in text.split(","))
        inside = 0 <= x < 1 and 0 <= y < 1 and 0 < w <= 1 and 0 < h <= 1
        if not inside or x + w > 1 + 1e-6 or y + h > 1 + 1e-6:  # rounding of the sender's own
            raise ValueError("the box must lie inside the picture")
        return cls(x, y, w, h)

    def __str__(self) -> str:
        """Write `x,y,w,h`, such that `parse` takes it: its sides are rounded, not its size."""
        left, top = round(self.x, _DIGITS), round(self.y, _DIGITS)
        right, bottom = round(self.x + self.w, _DIGITS), round(self.y + self.h, _DIGITS)
        return ",".join(f"{share:.{_DIGITS}g}" for share in (left, top, right - left, bottom - top))
