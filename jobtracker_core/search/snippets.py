"""Where in a text a query hits, and the part of it that is worth showing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from jobtracker_core.search import analyzer
from jobtracker_core.search.nodes import Field, Node, sought

_NEAREST_SPACE: Final = 20
_SPACES = re.compile(r"\s+")


class Part(Struct, frozen=True):
    """A piece of a snippet; the pieces one behind the other are its text."""

    text: str
    is_hit: bool


class _Hit(Struct, frozen=True):
    start: int
    end: int
    term: int


def marks(
    text: str, node: Node, language: str | None, *, field: Field | None = None
) -> tuple[tuple[int, int], ...]:
    """Return where a plain text holds what a query looks for, in order and without overlap.

    Args:
        text: Plain text.
        node: The query; what it leaves out is not marked.
        language: Of the text.
        field: What the text is: then terms of this field count too, beside those of none.
    """
    return _merged(_hits(text, node, language, field))


def snippet(text: str, node: Node, language: str | None, width: int = 240) -> tuple[Part, ...]:
    """Return the part of a text that holds the most of what a query looks for.

    Where it holds nothing of it, the beginning; spaces and line breaks become one space.

    Args:
        text: Plain text, of no field.
        node: The query.
        language: Of the text.
        width: So many characters at most, and a "…" at each end that is none of the text's.
    """
    hits = _hits(text, node, language, None)
    start, end = _window(text, _densest(hits, width), width)
    parts = [Part("… " if text[:start].strip() else "", is_hit=False)]
    at = start
    for first, last in _merged(hits):
        if start <= first < end:
            parts.append(Part(text[at:first], is_hit=False))
            at = min(last, end)
            parts.append(Part(text[first:at], is_hit=True))
    parts.append(Part(text[at:end], is_hit=False))
    parts.append(Part(" …" if text[end:].strip() else "", is_hit=False))
    return _joined(parts)


def _hits(text: str, node: Node, language: str | None, field: Field | None) -> list[_Hit]:
    stems = analyzer.analyse(text, language)
    found: set[tuple[int, int, int]] = set()
    for number, term in enumerate(sought(node)):
        if term.field in {None, field}:
            for sequence in analyzer.alternatives(term.text, prefix=term.is_prefix):
                for at in analyzer.places(stems, sequence):
                    found.add((at, at + len(sequence) - 1, number))
    wanted = sorted({at for first, last, _ in found for at in (first, last)})
    spans = dict(zip(wanted, analyzer.spans(text, wanted, language), strict=True))
    hits = [_Hit(spans[first][0], spans[last][1], term) for first, last, term in found]
    return sorted(hits, key=lambda hit: (hit.start, hit.end))


def _merged(hits: Sequence[_Hit]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for hit in hits:
        if found and hit.start < found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], hit.end))
        else:
            found.append((hit.start, hit.end))
    return tuple(found)


def _densest(hits: Sequence[_Hit], width: int) -> tuple[int, int]:
    """Return where those hits begin and end that fit together and are of the most terms."""
    best, best_worth = (0, 0), (0, 0)
    inside: Counter[int] = Counter()
    first = 0
    for last, hit in enumerate(hits):
        inside[hit.term] += 1
        while first < last and hit.end - hits[first].start > width:
            inside[hits[first].term] -= 1
            first += 1
        worth = (len(+inside), last - first)
        if worth > best_worth:
            best, best_worth = (hits[first].start, hit.end), worth
    return best


def _window(text: str, wanted: tuple[int, int], width: int) -> tuple[int, int]:
    """Return where the snippet begins and ends: what is wanted in its middle, few words cut."""
    first, last = wanted
    room = max(width - (last - first), 0)
    start = max(min(first - room // 2, len(text) - width), 0)
    end = min(start + width, len(text))
    if start > 0:
        space = _SPACES.search(text, start - 1, min(first, start + _NEAREST_SPACE))
        start = space.end() if space else start
    if end < len(text) and not text[end].isspace():
        near = text[max(last, end - _NEAREST_SPACE) : end]
        end -= len(near.rpartition(" ")[2]) + 1 if " " in near else 0
    return start, end


def _joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for part in parts:
        text = _SPACES.sub(" ", part.text)
        if joined and joined[-1].is_hit == part.is_hit:
            joined[-1] = Part(joined[-1].text + text, is_hit=part.is_hit)
        elif text:
            joined.append(Part(text, is_hit=part.is_hit))
    return tuple(joined)
