"""Who may call: tokens, of which only the hashes are kept, and the sessions of browsers. Pure."""

import hmac
import time
from collections.abc import Callable, Iterable
from hashlib import sha256

SESSION_S = 12 * 3600
"""How long a browser stays signed in."""


class Tokens:
    """The tokens that may call; each is its SHA-256 from here on, and its holder's name.

    A session is an expiry and its HMAC, keyed by the holder's hash: any process that knows the
    token can check it, nothing is stored, and it ends with the token.
    """

    def __init__(self, tokens: Iterable[str], clock: Callable[[], float] = time.time) -> None:
        self._holders = tuple(_hash(token) for token in tokens)
        self._clock = clock

    def __bool__(self) -> bool:
        """Whether any is set; without, the API is open."""
        return bool(self._holders)

    def holder(self, token: str) -> bytes | None:
        """Name who holds `token`; None for a wrong one.

        It is compared with every token, each in constant time: how long it takes tells nothing.
        """
        given, found = _hash(token), None
        for holder in self._holders:
            if hmac.compare_digest(given, holder):
                found = holder
        return found

    def session(self, holder: bytes) -> str:
        """Make a session for `holder`, which lasts `SESSION_S`."""
        expiry = str(int(self._clock()) + SESSION_S)
        return f"{expiry}.{_sign(holder, expiry)}"

    def in_session(self, session: str) -> bytes | None:
        """Name who a session belongs to; None for one that is over or was never made here."""
        expiry, _, signature = session.partition(".")
        if not (expiry.isascii() and expiry.isdecimal() and len(expiry) < 20):
            return None
        found = None
        for holder in self._holders:
            if hmac.compare_digest(_sign(holder, expiry).encode(), signature.encode()):
                found = holder
        return found if int(expiry) > self._clock() else None


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogateescape")).digest()


def _sign(holder: bytes, expiry: str) -> str:
    return hmac.new(holder, b"seenit session until " + expiry.encode(), sha256).hexdigest()
