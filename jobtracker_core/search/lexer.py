"""From the text of a query to its tokens."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from msgspec import Struct

from jobtracker_core.search.nodes import SearchError

Kind = Literal["word", "phrase", "field", "open", "close", "not", "or", "and"]

QUOTES: Final = '"“”„‟«»＂″'
"""All that open and close a phrase: keyboards and word processors put in one for another."""

FIELD: Final = re.compile(r"([^\W\d_]+):(?!//)")
"""The name before a colon; an address is a word."""

_SIGNS: Final[dict[str, Kind]] = {"(": "open", ")": "close", "-": "not"}
_WORDS: Final[dict[str, Kind]] = {"OR": "or", "AND": "and", "NOT": "not"}
_BARE = re.compile(rf"[^\s(){QUOTES}]+")
_CLOSING = re.compile(f"[{QUOTES}]")


class Token(Struct, frozen=True):
    """A piece of a query; `text` is without quotes, colon and the "*" of a prefix."""

    kind: Kind
    text: str
    start: int
    end: int
    is_prefix: bool = False


def tokens(text: str) -> list[Token]:
    """Cut a query into its tokens; raises SearchError where a quote is not closed."""
    text = _printable(text)
    found: list[Token] = []
    at = 0
    while at < len(text):
        token = _token(text, at)
        if token is None:
            at += 1
        else:
            found.append(token)
            at = token.end
    return found


def _printable(text: str) -> str:
    # Spaces in their place keep positions.
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} else c for c in text)


def _token(text: str, at: int) -> Token | None:
    character = text[at]
    if character.isspace():
        return None
    if character in _SIGNS:
        return Token(_SIGNS[character], character, at, at + 1)
    if character in QUOTES:
        return _phrase(text, at)
    return _bare(text, at)


def _bare(text: str, at: int) -> Token:
    field = FIELD.match(text, at)
    if field is not None:
        return Token("field", field[1], at, field.end())
    bare = _BARE.match(text, at)
    if bare is None:
        raise ValueError(f"{text[at]} begins no word")
    kind = _WORDS.get(bare[0])
    if kind is not None:
        return Token(kind, bare[0], at, bare.end())
    word = bare[0].rstrip("*")
    return Token("word", word, at, bare.end(), is_prefix=word != bare[0])


def _phrase(text: str, at: int) -> Token:
    closing = _CLOSING.search(text, at + 1)
    if closing is None:
        raise SearchError(
            "This quote is not closed", "Put a second one behind the phrase.", at, len(text)
        )
    end = closing.end()
    is_prefix = text[end : end + 1] == "*"
    words = " ".join(text[at + 1 : closing.start()].split())
    if not words:
        raise SearchError(
            "There is nothing between these quotes",
            "Put words between them, or take them away.",
            at,
            end,
        )
    return Token("phrase", words, at, end + is_prefix, is_prefix=is_prefix)
