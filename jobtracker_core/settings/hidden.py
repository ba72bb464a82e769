"""What must not be shown: secrets, by their names and by the places where they stand in texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

HIDDEN: Final = "***"

_SECRET_PART = re.compile(
    r"token|secret|passw|passphrase|credential|cookie|authorization|signature|csrf|jwt"
)
_SECRET_WORD = frozenset({"auth", "dsn", "pass", "pwd"})

_USER = re.compile(r"(?<=://)[^\s/?#@\"'<>]{0,256}@(?=[^\s/])")
# A password may hold the marks that end a host's name. "host:8080/…@" is no user and password.
_USER_AND_PASSWORD = re.compile(
    r"(?<=://)[^\s/:@?#\"'<>]{0,256}:(?!\d{1,5}[/?#])[^\s\"'<>]{0,256}@"
)
_COOKIE = re.compile(r"(?i)(cookies?[\"']?\s{0,3}[=:]\s{0,3})[^\r\n]+")
_BEARER = re.compile(r"\b([Bb]earer\s{1,3})[\w.~+/=-]+")
_OUR_TOKEN = re.compile(r"\b(jt_[a-z0-9]{8}_)[A-Za-z0-9_-]+")
_ASSIGNED = re.compile(
    r"(?i)((?:token|secret|passw(?:or)?d|passphrase|credentials?|authorization|api[_-]?key|dsn|pwd)"
    r"[\"']?\s{0,3}[=:]\s{0,3})"
    r"(\"[^\"]*\"?|'[^']*'?|(?:(?:bearer|basic|digest|token)\s{1,3})?[^\s,;&\"']+)"
)


def is_secret(name: str) -> bool:
    """Say whether a field of that name holds what must not be shown."""
    words = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name).lower()
    parts = re.findall(r"[a-z]+", words)
    return _SECRET_PART.search("".join(parts)) is not None or any(
        part in _SECRET_WORD or part.endswith(("key", "keys")) for part in parts
    )


def hide_secrets(text: str) -> str:
    """Return a text without passwords, tokens, cookies, and users of addresses.

    It knows them by what stands before them, and rather hides too much.
    """
    text = _USER_AND_PASSWORD.sub(f"{HIDDEN}@", text)
    text = _USER.sub(f"{HIDDEN}@", text)
    text = _COOKIE.sub(rf"\1{HIDDEN}", text)
    text = _ASSIGNED.sub(rf"\1{HIDDEN}", text)
    text = _OUR_TOKEN.sub(rf"\1{HIDDEN}", text)
    return _BEARER.sub(rf"\1{HIDDEN}", text)


def hide_password(url: str) -> str:
    """Return a database's URL without its passwords; the user stays."""
    scheme, separator, rest = url.partition("://")
    login, at, place = rest.rpartition("@")
    user, colon, _ = login.partition(":")
    shown = f"{scheme}{separator}{user}{colon and ':' + HIDDEN}{at}{place}"
    return _ASSIGNED.sub(rf"\1{HIDDEN}", shown)


def showable(name: str, value: Any) -> Any:
    """Return a setting's value as it may be shown."""
    if name == "database_url" and isinstance(value, str):
        return hide_password(value)
    # A path says where a secret stands, and is none.
    if value is not None and not isinstance(value, Path) and is_secret(name.rpartition(".")[2]):
        return HIDDEN
    if isinstance(value, str):
        return hide_secrets(value)
    if isinstance(value, Mapping):
        return {key: showable(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [showable(name, inner) for inner in value]
    return value
