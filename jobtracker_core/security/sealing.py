"""Sealed values: encrypted, bound to the place where they are stored, and openable by old keys."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from typing import Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

_KEY_BYTES: Final = 32
_FEWEST_DIFFERENT: Final = 12


class CannotOpen(Exception):  # noqa: N818  (the names say the state)
    """A sealed value that none of the keys opens, or that belongs to another place."""


class Keyring:
    """Keys, the first of which seals; all of them open. Safe to share between threads.

    A sealed value holds the name of its place, so that a value that was moved to another row or
    column does not open there.

    Args:
        keys: At least one, as `make_key()` makes them; raises ValueError for what is none.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys or not all(map(is_key, keys)):
            raise ValueError("a key is 32 random bytes in URL-safe base64")
        ciphers = [Fernet(key) for key in keys]
        self._first = ciphers[0]
        self._all = MultiFernet(ciphers)

    def seal(self, text: str, place: str) -> str:
        """Encrypt a text for one place."""
        return self._first.encrypt(f"{place}\n{text}".encode()).decode()

    def open(self, sealed: str, place: str) -> str:
        """Return the text; raises CannotOpen."""
        try:
            plain = self._all.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise CannotOpen from None
        written, _, text = plain.partition("\n")
        if not hmac.compare_digest(written.encode(), place.encode()):
            raise CannotOpen
        return text

    def renew(self, sealed: str, place: str) -> str | None:
        """Seal anew what an older key sealed; None if the first key did. Raises CannotOpen."""
        text = self.open(sealed, place)
        try:
            self._first.decrypt(sealed.encode())
        except InvalidToken:
            return self.seal(text, place)
        return None

    def __repr__(self) -> str:
        return "Keyring(…)"


def make_key() -> str:
    """Return a new random key."""
    return Fernet.generate_key().decode()


def is_key(text: str) -> bool:
    """Say whether a text is a key: 32 bytes in URL-safe base64, and random by the look of them."""
    try:
        raw = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return False
    return len(raw) == _KEY_BYTES and len(set(raw)) >= _FEWEST_DIFFERENT
