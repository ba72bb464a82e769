"""From the text of a query to its tokens."""

from __future__ import annotations

import re
import unicodedata
from typing import Final, Literal

from msgspec import Struct

from jobtracker_core.search.nodes import FACT_NAMES, TEXT_FIELDS, SearchError

Kind = Literal["word", "phrase", "field", "open", "close", "not", "or", "and"]

QUOTES: Final = '"“”„‟«»＂″'
"""All that open and close a phrase: keyboards and word processors put in one for another."""

_SIGNS: Final[dict[str, Kind]] = {"(": "open", ")": "close", "-": "not"}
_WORDS: Final[dict[str, Kind]] = {"OR": "or", "AND": "and", "NOT": "not"}
# An address is no field, nor is how German names women and men together: "Entwickler:in".
_FIELD = re.compile(r"([^\W\d_]+):(?!//)((?:in|innen|r|n)\b)?")
_WORD = re.compile(rf"[^\s(){QUOTES}]+")
_QUOTE = re.compile(f"[{QUOTES}]")


class Token(Struct, frozen=True):
    """A piece of a query; `text` is without quotes, colon and the "*" of a prefix."""

    kind: Kind
    text: str
    start: int
    end: int
    is_prefix: bool = False


def tokens(text: str) -> list[Token]:
    """Cut a query into its tokens; raises SearchError where a quote is not closed, or empty."""
    text = _printable(text)
    found: list[Token] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character.isspace():
            at += 1
            continue
        if character in _SIGNS:
            token = Token(_SIGNS[character], character, at, at + 1)
        elif character in QUOTES:
            token = _phrase(text, at)
        elif name := field_at(text, at):
            token = Token("field", name, at, at + len(name) + 1)
        else:
            token = _word(text, at)
        found.append(token)
        at = token.end
    return found


def field_at(text: str, at: int = 0) -> str | None:
    """Return the name before a colon, if the query has one here."""
    match = _FIELD.match(text, at)
    if match is None or (match[2] and match[1].lower() not in {*FACT_NAMES, *TEXT_FIELDS}):
        return None
    return match[1]


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    # What a database may not take becomes a space, so that all keeps its place.
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs"} else c for c in text)


def _word(text: str, at: int) -> Token:
    match = _WORD.match(text, at)
    # Spaces, parentheses and quotes are tokens of their own.
    written = match[0] if match else text[at]
    end = at + len(written)
    if written in _WORDS:
        return Token(_WORDS[written], written, at, end)
    word = written.rstrip("*")
    return Token("word", word, at, end, is_prefix=word != written)


def _phrase(text: str, at: int) -> Token:
    closing = _QUOTE.search(text, at + 1)
    if closing is None:
        raise SearchError(
            "This quote is not closed", "Put a second one behind the phrase.", at, len(text)
        )
    end = closing.end()
    words = " ".join(text[at + 1 : closing.start()].split())
    if not words:
        raise SearchError(
            "There is nothing between these quotes",
            "Put words between them, or take them away.",
            at,
            end,
        )
    is_prefix = text[end : end + 1] == "*"
    return Token("phrase", words, at, end + is_prefix, is_prefix=is_prefix)
