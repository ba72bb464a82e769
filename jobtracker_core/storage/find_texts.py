"""One job's text, held to what the index of words was asked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

from jobtracker_core.search.analyzer import analysed
from jobtracker_core.search.folding import NAMES, fold
from jobtracker_core.search.stems import ENGLISH, OTHER, algorithm
from jobtracker_core.storage.find_tokens import Both, Either, Mark, Tokens, Without, Words
from jobtracker_core.storage.index_tokens import Field, body, columns, entry, facets

_HEADS: Final[tuple[Field, ...]] = ("title", "company", "skills", "place")
_SIGNS: Final = dict.fromkeys("“”„–—…•", " ") | {"’": "'"}
"""What many texts have beyond Latin letters, though words are the same without it."""
_TWO_LETTERS: Final = "æßþ"
_SPACE: Final = re.compile(r"\s")
_LONGEST_SIGHT: Final = 300
_MOST_SIGHTS: Final = 50
_LETTERS: Final = 3
_LONG_ENOUGH: Final = 4
# The rest of a word, and what is between it and the next.
_BETWEEN: Final = "[a-z0-9]*(?:'s)?[^a-z0-9]+"
_LETTER_KEPT: Final = frozenset(
    [ENGLISH, "danish", "french", "german", "italian", "norwegian", "portuguese", "spanish"]
)
"""Stemmers that cut endings alone, so that a stem has the first letter of its words."""


def _plain(code: int) -> int:
    sign = chr(code)
    if code < ord("\x80"):
        return code
    return ord(fold(sign)[0]) if sign.isalnum() and fold(sign)[:1].isascii() else ord(" ")


_PLAIN: Final = bytes(map(_plain, range(256)))


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
        self._algorithm = algorithm(job["language"])
        self._is_english = self._algorithm == ENGLISH
        self._body: str | None = None
        self._near: dict[re.Pattern[bytes], list[str] | None] = {}

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
            letters = self._letters
            glance = None if letters is None else _glance(wanted, is_sure=self._is_sure)
            if letters is not None and glance is not None:
                if glance not in self._near:
                    self._near[glance] = self._seen(glance, letters, text)
                near = self._near[glance]
                if near is not None:
                    return any(wanted in stems for stems in near)
            self._body = f" {analysed(text, self._job['language'])} "
        return wanted in self._body

    @cached_property
    def _letters(self) -> bytes | None:
        """The text in ASCII, where that is told letter by letter."""
        text = self._text
        if text is None or self._algorithm not in _LETTER_KEPT:
            return None
        try:
            return _simple(text).encode("latin-1").translate(_PLAIN)
        except UnicodeEncodeError:
            return None

    @cached_property
    def _is_sure(self) -> bool:
        """Whether more than the first letter of a stem is that of its words."""
        return self._is_english and not any(sign in (self._text or "") for sign in _TWO_LETTERS)

    def _seen(self, glance: re.Pattern[bytes], letters: bytes, text: str) -> list[str] | None:
        """Return the stems that stand where a glance sees something; None if it is too much."""
        seen: list[str] = []
        found = glance.search(letters)
        while found is not None:
            begin, end = _around(text, *found.span())
            if end - begin > _LONGEST_SIGHT or len(seen) == _MOST_SIGHTS:
                return None
            seen.append(f" {analysed(text[begin:end], self._job['language'])} ")
            found = glance.search(letters, found.start() + 1)
        return seen


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
def _glance(wanted: str, *, is_sure: bool) -> re.Pattern[bytes] | None:
    """Return what the letters of a text hold if it has these stems side by side.

    They may hold that without its having them. A word begins as its stem does, at least with the
    same letter; with more of them if `is_sure` ("dying" is "die"). None where nothing can be said:
    names such as "C++" become others.
    """
    stems = [stem.removesuffix(OTHER) for stem in wanted.split()]
    for stem in stems:
        named = any(name.startswith(stem) for name in NAMES.values())
        if named or not (stem.isascii() and stem.isalpha()):
            return None
    begun = [stem[: _letters(stem) if is_sure else 1] for stem in stems]
    if not wanted.endswith(" ") and len(stems[-1]) < _LONG_ENOUGH:
        # It goes on, perhaps as one of the short ones.
        begun[-1] = stems[-1][:1]
    # Behind its first letters, which are found quickly: in the middle of a word nothing begins.
    begun[0] += f"(?<![a-z0-9]{begun[0]})"
    return re.compile(_BETWEEN.join(begun).encode())


def _letters(stem: str) -> int:
    """Return how many letters of an English stem all of its words begin with."""
    if len(stem) >= _LONG_ENOUGH:
        return _LETTERS
    return 1 if stem.endswith("ie") else 2


def _simple(text: str) -> str:
    """Return a text as long, whose words are the same, with fewer signs beyond Latin ones."""
    if not text.isascii():
        for sign, other in _SIGNS.items():
            text = text.replace(sign, other)
    return text


def _around(text: str, begin: int, end: int) -> tuple[int, int]:
    """Return where the pieces between spaces begin and end that a part of a text is in.

    Of pieces that are far too long, some of it.
    """
    lowest = max(begin - _LONGEST_SIGHT, 0)
    while begin > lowest and not text[begin - 1].isspace():
        begin -= 1
    highest = min(end + _LONGEST_SIGHT, len(text))
    space = _SPACE.search(text, end, highest)
    return begin, highest if space is None else space.start()
