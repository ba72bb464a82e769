"""One job's text, held to what the index of words was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from jobtracker_core.search.analyzer import analysed
from jobtracker_core.search.folding import NAMES
from jobtracker_core.search.stems import ENGLISH, OTHER, algorithm
from jobtracker_core.storage.find_tokens import Both, Either, Mark, Tokens, Without, Words
from jobtracker_core.storage.index_tokens import Field, body, columns, entry, facets

_HEADS: Final[tuple[Field, ...]] = ("title", "company", "skills", "place")
_LETTERS: Final = 3
_LONG_ENOUGH: Final = 4
_OTHER_SIGNS: Final = "[^\x00-\x7f]"
# The rest of a word, whatever stands behind it, and perhaps more that only the analyzer knows.
_BETWEEN: Final = "[a-z0-9\x80-\U0010ffff]*(?:'s)?[^a-z0-9]+"


class Held:
    """A job whose fields, and whose description as far as that is needed, are held to trees.

    Args:
        job: The columns of which its tokens are made.
        description: HTML; None if the index does not have it.
    """

    def __init__(self, job: Mapping[str, Any], description: str | None) -> None:
        made = columns(entry(job, None))
        self._job = job
        self._fields = {name: f" {text} " for name, text in zip(_HEADS, made, strict=False) if text}
        self._text = None if description is None else body(description).lower()
        self._is_english = algorithm(job["language"]) == ENGLISH
        self._body: str | None = None

    def fits(self, tokens: Tokens) -> bool:
        """Tell whether the job is what a tree asks for."""
        match tokens:
            case Both():
                return all(self.fits(part) for part in tokens.parts)
            case Either():
                return any(self.fits(part) for part in tokens.parts)
            case Without():
                return not self.fits(tokens.part)
            case Mark():
                return any(
                    one.startswith(tokens.facet) if tokens.is_prefix else one == tokens.facet
                    for one in self._facets()
                )
            case Words():
                return self._has(tokens)

    def _has(self, words: Words) -> bool:
        wanted = f" {' '.join(words.stems)}" + ("" if words.is_prefix else " ")
        if self._is_english and OTHER in wanted:
            return False
        if words.field is not None:
            return wanted in self._fields.get(words.field, "")
        return any(wanted in text for text in self._fields.values()) or self._in_body(wanted)

    def _facets(self) -> tuple[str, ...]:
        return facets(self._job)

    def _in_body(self, wanted: str) -> bool:
        text = self._text
        if text is None:
            return False
        if self._body is None:
            glance = _glance(wanted, is_ascii=text.isascii()) if self._is_english else None
            if glance is not None and glance.search(text) is None:
                return False
            self._body = f" {analysed(text, self._job['language'])} "
        return wanted in self._body


class Indexed(Held):
    """The same of what SQLite's index holds of a job: nothing is left to be analysed.

    Args:
        made: The columns of the index, in their order.
    """

    def __init__(self, *made: str) -> None:
        *heads, text, named = made
        self._fields = {name: f" {head} " for name, head in zip(_HEADS, heads, strict=True)}
        self._stems = f" {text} "
        self._named = named
        self._is_english = False

    def _facets(self) -> tuple[str, ...]:
        return tuple(self._named.split())

    def _in_body(self, wanted: str) -> bool:
        return wanted in self._stems


@lru_cache(maxsize=1_024)
def _glance(wanted: str, *, is_ascii: bool) -> re.Pattern[str] | None:
    """Return what an English text in lower case holds if it has these stems side by side.

    It may hold that without having them. A word begins as its stem does, but for the stem's end,
    and but for short ones ("dying" is "die"); accents are left to the analyzer. None where nothing
    can be said: names such as "C++" become others.
    """
    stems = wanted.split()
    for stem in stems:
        named = any(name.startswith(stem) for name in NAMES.values())
        if named or not (stem.isascii() and stem.isalpha()):
            return None
    begun = [stem[:_LETTERS] if len(stem) >= _LONG_ENOUGH else stem[:1] for stem in stems]
    return re.compile(_BETWEEN.join(begun if is_ascii else map(_beginning, begun)))


def _beginning(letters: str) -> str:
    pattern = ""
    for letter in reversed(letters):
        pattern = f"(?:{_OTHER_SIGNS}|{letter}{pattern})"
    return pattern
