"""Text as it may be stored: no control characters, no markup, no e-mail addresses of people."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import lru_cache

from jobtracker_core.ingest.emails import REMOVED, replace_emails

# Characters that no reader sees but that break storage (NUL, surrogates), spoof what is shown
# (bidi overrides) or make equal texts differ (zero width space, soft hyphen, byte order mark).
# Zero width joiners stay: emoji and Persian need them.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u200b\u2060\ufeff"
    "\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x20), *range(0x7F, 0x85), *range(0x86, 0xA0), 0xAD])
# Only with its semicolon: "R&D&Reg Affairs" is no entity.
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_SPACES = re.compile(r"\s+")
_SHORT = 100
_MOST_MARKS = 30
# No mark is a letter or a digit, and none is among the first characters of Unicode.
_MAY_BE_MARKS = re.compile(rf"[^\w\x00-\u02ff]{{{_MOST_MARKS + 1},}}")

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
    narrow = _narrow(value)
    if narrow is not None and len(narrow.translate(None, _CONTROLS)) == len(narrow):
        return value  # nearly all: it spares them the look at each character
    return _UNSEEN.sub("", value)


def _narrow(value: str) -> bytes | None:
    """Return a text of Latin-1's characters in it, as most texts are; None for others."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return None


def compose(value: str) -> str:
    """Return a text in Unicode's composed form (NFC), with at most 30 marks on one character.

    No language has more, and the time that composing takes grows with the square of their number.
    """
    if _narrow(value) is not None:
        return value  # none of these is a mark, or is made of two
    kept = _MAY_BE_MARKS.sub(_fewer_marks, value)
    composed = unicodedata.normalize("NFC", kept)
    # Another order of the marks may have left one more of them.
    return composed if composed == kept else _MAY_BE_MARKS.sub(_fewer_marks, composed)


def _fewer_marks(run: re.Match[str]) -> str:
    kept: list[str] = []
    marks = 0
    for character in run[0]:
        parts = unicodedata.normalize("NFD", character)
        marks = marks + len(parts) if unicodedata.combining(parts[0]) else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def decode_entities(value: str) -> str:
    """Decode HTML character references once; only those that end with a semicolon."""
    if "&" not in value:
        return value
    return _ENTITY.sub(lambda match: html.unescape(match[0]), value)


def clean(value: str, limit: int) -> str:
    """Return one line of plain text of at most `limit` characters; may be empty.

    Entities are decoded (however often they were encoded), Unicode is composed (NFC). Cleaning a
    clean text changes nothing.
    """
    return _settle_short(value, limit) if len(value) <= _SHORT else _settle(value, limit)


def observed(value: str | None, limit: int) -> str | None:
    """Clean a one-line field; None if nothing is said in it ("", "-", "N/A", "null" …)."""
    if value is None:
        return None
    return None if is_missing(cleaned := clean(value, limit)) else cleaned


def is_missing(cleaned: str) -> bool:
    """Say whether a clean text is one of the ways to write "nothing"."""
    return cleaned.casefold() in _MISSING or not any(map(str.isalnum, cleaned))


def _settle(value: str, limit: int) -> str:
    # Ends: each round that changes more than spaces uses up an "&", a ";" or the sign of an
    # address. The first cut keeps hostile input short; what is cut off would not have been shown.
    value = value[: 4 * limit + 1000]
    while (settled := _pass(value, limit)) != value:
        value = settled
    return value


# Names of companies, places and skills come again and again.
_settle_short = lru_cache(maxsize=1 << 13)(_settle)


def _pass(value: str, limit: int) -> str:
    value = compose(strip_unseen(decode_entities(value)))
    return replace_emails(_SPACES.sub(" ", value).strip())[:limit].rstrip()
