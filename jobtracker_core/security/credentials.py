"""Random credentials: made once, shown once, and afterwards known by a hash alone.

A credential has a key, by which its row is found, and a secret of 256 bits. Against so many bits
nobody guesses, so one round of SHA-256 is enough, and fast enough for every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from typing import Final

from msgspec import Struct

TOKEN_KEY_LENGTH: Final = 8
SESSION_KEY_LENGTH: Final = 16

_ALPHABET = string.ascii_lowercase + string.digits
_SECRET_BYTES = 32
_CODE_BYTES = 16
_TOKEN = re.compile(r"jt_([a-z0-9]{8})_([A-Za-z0-9_-]{43})")
_SESSION = re.compile(r"([a-z0-9]{16})_([A-Za-z0-9_-]{43})")
_CODE = re.compile(r"[A-Za-z0-9_-]{22}")


class Credential(Struct, frozen=True, kw_only=True):
    """A credential as its bearer presents it; `text` is the whole of it."""

    key: str
    text: str
    digest: bytes

    def matches(self, stored: bytes) -> bool:
        """Say whether it is the one that a stored hash is of, in equal time for all answers."""
        return hmac.compare_digest(self.digest, stored)

    def __repr__(self) -> str:
        return f"Credential(key={self.key!r}, …)"


def make_token() -> Credential:
    """Make an API token: `jt_<key>_<secret>`."""
    key, secret = _make(TOKEN_KEY_LENGTH)
    return Credential(key=key, text=f"jt_{key}_{secret}", digest=digest(secret))


def read_token(text: str) -> Credential | None:
    """Read an API token; None if the text is none."""
    return _read(_TOKEN, text)


def make_session() -> Credential:
    """Make what a session's cookie holds: `<key>_<secret>`."""
    key, secret = _make(SESSION_KEY_LENGTH)
    return Credential(key=key, text=f"{key}_{secret}", digest=digest(secret))


def read_session(text: str) -> Credential | None:
    """Read a session's cookie; None if the text is none."""
    return _read(_SESSION, text)


def make_code() -> Credential:
    """Make a one-time code of 128 bits."""
    code = secrets.token_urlsafe(_CODE_BYTES)
    return Credential(key="", text=code, digest=digest(code))


def read_code(text: str) -> Credential | None:
    """Read a one-time code; None if the text is none."""
    code = text.strip()
    if not _CODE.fullmatch(code):
        return None
    return Credential(key="", text=code, digest=digest(code))


def csrf_token(session_text: str) -> str:
    """Return the token that the pages of a session send back with every change.

    It follows from the session's secret, so nothing is stored, no other session has it, and it
    ends with the session.
    """
    return hmac.new(session_text.encode(), b"jobtracker csrf", hashlib.sha256).hexdigest()


def is_csrf_token(session_text: str, given: str) -> bool:
    """Say whether a text is the session's token, in equal time for all answers."""
    return hmac.compare_digest(csrf_token(session_text).encode(), given.encode("utf-8", "replace"))


def digest(secret: str) -> bytes:
    """Return what is stored of a secret: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def _make(length: int) -> tuple[str, str]:
    key = "".join(secrets.choice(_ALPHABET) for _ in range(length))
    return key, secrets.token_urlsafe(_SECRET_BYTES)


def _read(form: re.Pattern[str], text: str) -> Credential | None:
    match = form.fullmatch(text)
    if match is None:
        return None
    return Credential(key=match[1], text=text, digest=digest(match[2]))
