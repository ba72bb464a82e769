"""What words a text is made of, the same for what is stored and for what is asked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final

from jobtracker_core.search.folding import LONGEST_WORD, WORD, fold
from jobtracker_core.search.stems import ALL_ALGORITHMS, algorithm, stem, stems_ahead

_MOST_KEPT: Final = 16_384
_MOST_LANGUAGES: Final = 8

_PIECE = re.compile(r"\S+")
_PLAIN = re.compile("[a-z0-9ß-öø-ɏ]+")


def analyse(text: str, language: str | None) -> tuple[str, ...]:
    """Return the stems of a plain text in order: "Senior Engineers" is ("senior", "engin").

    They hold letters and digits alone, in lower case without accents, at most 65. Scripts that put
    no spaces between words give one stem for each character. Any thread may call it. What finds a
    stem is said by `alternatives`; stems of two languages are not compared.

    Args:
        text: Plain text, not HTML.
        language: A tag such as "de" or "de-AT"; English where it is None or has no stemmer.
    """
    return tuple(_stems(text.lower(), language))


def analysed(lower: str, language: str | None) -> str:
    """Return the same stems with a space between each two, of a text that is in lower case."""
    return " ".join(_stems(lower, language))


def _stems(lower: str, language: str | None) -> Iterator[str]:
    pieces = _kept(algorithm(language))
    return chain.from_iterable([pieces[piece] for piece in lower.split()])


@lru_cache(maxsize=256)
def alternatives(text: str, *, prefix: bool = False) -> tuple[tuple[str, ...], ...]:
    """Return what finds a word or a phrase in texts of any language: each a sequence of stems.

    The stems of one sequence stand next to each other in a text that it finds; a word may be
    several, as "node.js" is. Empty if the text holds no letter and no digit.

    Args:
        text: A word or a phrase as it was typed.
        prefix: The last word may go on. Then sequences come first whose last stem has a "*" behind
            it: it stands for all stems that begin so. The others are whole, and are needed beside
            them: what "enginee" becomes is stored as "engin".
    """
    words = [fold(word) for word in WORD.findall(text.lower())]
    if not words:
        return ()
    *before, last = words
    begun: dict[tuple[str, ...], None] = {}
    whole: dict[tuple[str, ...], None] = {}
    for each in ALL_ALGORITHMS:
        head = [stem(word, each) for word in before]
        if prefix:
            begun[*head, f"{last}*"] = None
        for tail in stems_ahead(last, each) if prefix else (stem(last, each),):
            whole[*head, tail] = None
    return (*begun, *whole)


def spans(text: str, places: Iterable[int], language: str | None) -> list[tuple[int, int]]:
    """Return where the words of some stems begin and end in a text, places in what `analyse` gives.

    Args:
        text: What was analysed.
        places: Of stems, in order.
        language: The same as for `analyse`.
    """
    found: list[tuple[int, int]] = []
    wanted = iter(places)
    place = next(wanted, None)
    pieces = _kept(algorithm(language))
    first = 0
    for piece in _PIECE.finditer(text):
        if place is None:
            break
        behind = first + len(pieces[piece[0].lower()])
        if place < behind:
            words = [match.span() for match in WORD.finditer(text, *piece.span())]
            while place is not None and place < behind:
                found.append(words[place - first])
                place = next(wanted, None)
        first = behind
    return found


def places(stems: Sequence[str], sequence: Sequence[str]) -> Iterator[int]:
    """Yield where in the stems of a text a sequence of `alternatives` begins."""
    *before, last = sequence
    if last[-1] == "*":
        ends = [at for at, found in enumerate(stems) if found.startswith(last[:-1])]
    elif last in stems:
        ends = [at for at, found in enumerate(stems) if found == last]
    else:
        return
    for end in ends:
        start = end - len(before)
        if start >= 0 and list(stems[start:end]) == before:
            yield start


class _Pieces(dict[str, tuple[str, ...]]):
    """From a piece of a text between spaces, in lower case, to its stems.

    Looking a piece up is several times as fast as finding its words, and most of a text are pieces
    seen before. Bounded: what was not asked for while 16,384 new ones came is forgotten.
    """

    def __init__(self, algorithm: str) -> None:
        super().__init__()
        self._algorithm = algorithm
        self._older: dict[str, tuple[str, ...]] = {}

    def __missing__(self, piece: str) -> tuple[str, ...]:
        stems = self._older.get(piece)
        if stems is None:
            stems = self._cut(piece)
        if len(piece) <= LONGEST_WORD:
            if len(self) >= _MOST_KEPT:
                self._older = dict(self)
                self.clear()
            self[piece] = stems
        return stems

    def _cut(self, piece: str) -> tuple[str, ...]:
        # What most are: a plain word, perhaps with a comma. Finding that is faster than WORD.
        word = piece.rstrip(",.:;!?)").lstrip("(")
        words = [word] if _PLAIN.fullmatch(word) else WORD.findall(piece)
        if words == [piece]:
            return (stem(fold(piece), self._algorithm),)
        return tuple(chain.from_iterable([self[word] for word in words]))


@lru_cache(maxsize=_MOST_LANGUAGES)
def _kept(algorithm: str) -> _Pieces:
    return _Pieces(algorithm)
