"""Text as it may be stored: no control characters, no markup, no e-mail addresses of people."""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

REMOVED: Final = "[e-mail removed]"
"""What stands in prose where an e-mail address was."""

# Characters that no reader sees but that break storage (NUL, surrogates), spoof what is shown
# (bidi overrides) or make equal texts differ (zero width space, soft hyphen, byte order mark).
# Zero width joiners stay: emoji and Persian need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff"
    "\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# Only with its semicolon: "R&D&Reg Affairs" is no entity.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPACES = re.compile(r"\s+")

# Searched from the "@" to both sides, since long words without one are common in pages (pictures
# within their text) and must cost nothing.
_DOMAIN = re.compile(r"@(?:[\w-]{1,63}\.){1,8}(?:xn--[\w-]{1,59}|[^\W\d_]{2,63})")
_LOCAL_REVERSED = re.compile(r"[^\s@<>()\[\]\",:;\\/?=&|{}^`]+")
_LONGEST_LOCAL = 64
_LONGEST_DOMAIN = 600
_AT = re.compile(r"(?<=[\w.+'%-])\s?[\[({]\s?(?:at|ät|@)\s?[\])}]\s?(?=\w)", re.IGNORECASE)
_SPELT_EMAIL = re.compile(
    r"[\w.+'%-]{1,64}\s?[\[({]\s?(?:at|ät|@)\s?[\])}]\s?[\w-]{1,63}"
    r"(?:(?:\.(?=\w)|\s?[\[({]\s?(?:dot|punkt|\.)\s?[\])}]\s?)[\w-]{1,63}){1,8}",
    re.IGNORECASE,
)
# "logo@2x.png" is a picture for fine screens.
_FILE_ENDINGS = frozenset(
    ["css", "gif", "htm", "html", "ico", "jpeg", "jpg", "js", "pdf", "png", "svg", "webp"]
)

_MISSING = frozenset(
    [
        *(
            "n/a",
            "n.a.",
            "n.a",
            "#n/a",
            "<na>",
            "nan",
            "nil",
            "null",
            "(null)",
            "none",
            "undefined",
        ),
        *("not available", "not specified", "not provided", "not disclosed", "unspecified"),
        *("k.a.", "keine angabe", "no especificado", "non spécifié", "nicht angegeben"),
        REMOVED,
    ]
)


def strip_unseen(value: str) -> str:
    """Remove the characters that may not be stored or that nobody sees."""
    return _UNSEEN.sub("", value)


def decode_entities(value: str) -> str:
    """Decode HTML character references once; only those that end with a semicolon."""
    if "&" not in value:
        return value
    return _ENTITY.sub(lambda match: html.unescape(match[0]), value)


def replace_emails(value: str, replacement: str = REMOVED) -> str:
    """Replace e-mail addresses, those spelt "name (at) firm (dot) com" too."""
    value = _replace(value, find_emails(value), replacement)
    return _replace(value, _find_spelt(value), replacement)


def find_emails(value: str) -> list[tuple[int, int]]:
    """Return where in the text e-mail addresses stand, as (start, end), in order."""
    found: list[tuple[int, int]] = []
    if "@" not in value:
        return found
    after = 0
    for match in _DOMAIN.finditer(value):
        before = value[max(after, match.start() - _LONGEST_LOCAL) : match.start()]
        local = _LOCAL_REVERSED.match(before[::-1])
        # A quote before the address is not its own.
        length = len(local[0][::-1].lstrip("'")) if local else 0
        if length and match[0].rpartition(".")[2].lower() not in _FILE_ENDINGS:
            found.append((match.start() - length, match.end()))
            after = match.end()
    return found


def has_email(value: str) -> bool:
    """Say whether `replace_emails` would find something."""
    return replace_emails(value, "") != value


def clean(value: str, limit: int) -> str:
    """Return one line of plain text of at most `limit` characters; may be empty.

    Entities are decoded (however often they were encoded), Unicode is composed (NFC). Cleaning a
    clean text changes nothing.
    """
    return _settle(value, limit)


def observed(value: str | None, limit: int) -> str | None:
    """Clean a one-line field; None if nothing is said in it ("", "-", "N/A", "null" …)."""
    if value is None:
        return None
    return None if is_missing(cleaned := clean(value, limit)) else cleaned


def is_missing(cleaned: str) -> bool:
    """Say whether a clean text is one of the ways to write "nothing"."""
    return cleaned.casefold() in _MISSING or not any(map(str.isalnum, cleaned))


def _find_spelt(value: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    after = 0
    for sign in _AT.finditer(value):
        start = max(after, sign.start() - _LONGEST_LOCAL - 1)
        match = _SPELT_EMAIL.search(value, start, sign.end() + _LONGEST_DOMAIN)
        if match and match.start() < sign.start() < match.end():
            found.append(match.span())
            after = match.end()
    return found


def _replace(value: str, spans: list[tuple[int, int]], replacement: str) -> str:
    if not spans:
        return value
    kept: list[str] = []
    after = 0
    for start, end in spans:
        kept += (value[after:start], replacement)
        after = end
    return "".join([*kept, value[after:]])


def _settle(value: str, limit: int) -> str:
    # Ends: each round that changes more than spaces uses up an "&", a ";" or an "@". The first cut
    # keeps hostile input short; what is cut off would not have been shown anyway.
    value = value[: 4 * limit + 1000]
    while (settled := _pass(value, limit)) != value:
        value = settled
    return value


def _pass(value: str, limit: int) -> str:
    value = unicodedata.normalize("NFC", strip_unseen(decode_entities(value)))
    return replace_emails(_SPACES.sub(" ", value).strip())[:limit].rstrip()
