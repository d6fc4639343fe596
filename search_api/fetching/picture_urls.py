"""A URL that may be fetched, as far as its text tells. Pure."""

from dataclasses import dataclass
from typing import Self

import httpx

LONGEST = 8192


@dataclass(frozen=True, slots=True)
class PictureUrl:
    """An http(s) URL without user and password.

    Where its host leads is not judged here: only the addresses that the resolver finds count,
    whatever way they are written.
    """

    url: httpx.URL

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a URL.

        Raises:
            ValueError: it is none, or one that is never fetched.
        """
        if len(text) > LONGEST:
            raise ValueError(f"is longer than {LONGEST} characters")
        try:
            return cls._checked(httpx.URL(text))
        except (httpx.InvalidURL, UnicodeError):
            raise ValueError("is no URL") from None

    def join(self, location: str) -> Self:
        """Follow a redirect's `Location`.

        Raises:
            ValueError: as `parse`.
        """
        try:
            return self._checked(self.url.join(location))
        except (httpx.InvalidURL, UnicodeError):
            raise ValueError("is no URL") from None

    @classmethod
    def _checked(cls, url: httpx.URL) -> Self:
        if url.scheme not in {"http", "https"}:
            raise ValueError("must start with http:// or https://")
        if not url.host:
            raise ValueError("must name a host")
        if url.userinfo:
            raise ValueError("must not name a user or a password")
        return cls(url)
