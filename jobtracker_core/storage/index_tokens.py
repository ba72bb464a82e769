"""Tokens of a job in the index of words: the same on both databases, made and named here alone.

On PostgreSQL they are the lexemes of one `tsvector` without positions; on SQLite, words of the
columns of one FTS5 table. Words are stems as the analyzer makes them: only letters and digits, so
that none of them can be mistaken for anything that begins with one of the signs below.

| what | PostgreSQL | SQLite |
|---|---|---|
| a word in any field | `stem` | `"stem"` |
| a word in the title | `in_field("title", stem)` | `title : "stem"` |
| a phrase | its stems, and each of `pairs(stems)`; look again | `"first second"` |
| the same in the title | the same, each by `in_field("title", ...)` | `title : "first second"` |
| a facet | `facet("remote", "hybrid")` | `facets : "=remote:hybrid"` |
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from struct import pack
from typing import Any, Final, Literal
from zlib import crc32

from msgspec import Struct

from jobtracker_core.search.analyzer import analyse
from jobtracker_core.search.plain import plain
from jobtracker_core.search.stems import OTHER

Field = Literal["title", "company", "skills", "place", "body"]
Segments = tuple[tuple[str, ...], ...]
"""Stems in order; between two segments there is no phrase."""

FIELD_MARKS: Final[Mapping[Field, str]] = {
    "title": "@t",
    "company": "@c",
    "skills": "@k",
    "place": "@p",
}
"""What stands before the words of a field. The body has none: its words are found in any field."""

EVERY: Final = "=all"
"""A token that every job has, for a query that only excludes."""

BREAK: Final = "="
"""A word of SQLite's columns that nobody asks for: it parts segments."""

PAY_BANDS: Final = (
    *(0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 70_000, 80_000, 90_000),
    *(100_000, 120_000, 150_000, 200_000, 300_000, 500_000),
)
"""Where the bands of pay per year begin, in whatever currency it is."""

COLUMNS: Final = (
    *("title", "company", "place", "city", "region", "country", "places", "skills", "language"),
    *("source", "remote", "employment", "seniority"),
    *("pay_year_min", "pay_year_max", "pay_currency", "first_seen_at"),
)
"""Columns of a job that its tokens are made of, beside its description."""

_FREQUENT: Final = (
    *("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "have", "in", "is"),
    *("of", "on", "or", "our", "that", "the", "this", "to", "we", "will", "with", "you"),
    *("your", "das", "dem", "den", "der", "des", "die", "ein", "eine", "fur", "mit", "und"),
    *("von", "zu", "de", "du", "el", "en", "et", "la", "las", "le", "les", "los", "para"),
    *("por", "que", "y", "con", "una", "da", "do", "e", "o", "com", "een", "het", "van"),
    *("w", "z", "na"),
)
PASSED_OVER: Final = frozenset([*_FREQUENT, *(word + OTHER for word in _FREQUENT)])
"""Stems that nearly every text has. What stands around them counts as side by side: their pairs
would make the index much larger, and find nothing that the rest of a phrase does not."""

_MANY: Final = 1 << 14
_PAIRS: Final = tuple(f"~{number:x}" for number in range(_MANY))
_MOST_DIGESTS: Final = 1 << 16
_END: Final = "\0\0\0"
"""Of a lexeme: no more letters, and no positions."""
_LONGEST_BODY: Final = 100_000
_UNFIT: Final = re.compile(r"[^a-z0-9_-]+")


class Entry(Struct, frozen=True):
    """What the index holds of one job."""

    title: Segments
    company: Segments
    skills: Segments
    place: Segments
    body: Segments
    facets: tuple[str, ...]


def in_field(field: Field, token: str) -> str:
    """Return the lexeme of a word or a pair that stands in a field (not the body)."""
    return FIELD_MARKS[field] + token


def pairs(stems: Sequence[str]) -> list[str]:
    """Return the lexemes of words that stand side by side, of a text or of a phrase.

    A text that holds a phrase has all of the phrase's; one that has them need not hold it, so that
    what is found must be looked at: `PASSED_OVER` stems are left out, and the lexemes are only
    some ten thousand, which many pairs share. With more of them, an index of a million
    descriptions would take several times as long to make.
    """
    return [_PAIRS[number] for number in _numbers(stems)]


class _Digests(dict[str, int]):
    """From a stem to a number below that of pairs; negative if it is passed over."""

    def __missing__(self, stem: str) -> int:
        if len(self) >= _MOST_DIGESTS:
            self.clear()
        found = -1 if stem in PASSED_OVER else crc32(stem.encode()) % _MANY
        self[stem] = found
        return found


_digests: Final = _Digests()


def _numbers(stems: Sequence[str]) -> list[int]:
    digests = [number for number in map(_digests.__getitem__, stems) if number >= 0]
    return [(first * 31 + second) % _MANY for first, second in pairwise(digests)]


def facet(name: str, value: str) -> str:
    """Return the token of a facet's value; upper and lower case are alike."""
    return f"={name}:{_UNFIT.sub('_', value.lower())}"


def pay_band(pay_year_max: float | None, pay_year_min: float | None) -> int | None:
    """Return where the band begins that a job's pay per year is in, the larger one if both."""
    pay = pay_year_min if pay_year_max is None else pay_year_max
    if pay is None:
        return None
    return PAY_BANDS[max(bisect_right(PAY_BANDS, pay) - 1, 0)]


def entry(job: Mapping[str, Any], description: str | None) -> Entry:
    """Return the tokens of a job, of which `COLUMNS` are given; a description is HTML."""
    language = job["language"]
    company = job["company"]
    return Entry(
        title=_segment(job["title"], language),
        company=_kept_segment(company, language) if company else (),
        skills=_segments(job["skills"] or (), language),
        place=_segments_of_places(job, language),
        body=() if description is None else _segment(body(description), language),
        facets=facets(job),
    )


def body(description: str) -> str:
    """Return what of a description is indexed, as plain text."""
    # A `tsvector` may hold a megabyte: one that is too long would hold up all others for good.
    return plain(description)[:_LONGEST_BODY]


def facets(job: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the tokens of what has few values."""
    arrived: datetime = job["first_seen_at"]
    return _facets(
        job["source"],
        job["remote"],
        job["seniority"],
        job["country"],
        job["language"],
        tuple(job["employment"] or ()),
        job["pay_currency"],
        pay_band(job["pay_year_max"], job["pay_year_min"]),
        arrived.year,
        arrived.month,
    )


# What is kept here and below comes again and again: a page is written faster for it.
@lru_cache(maxsize=1 << 13)
def _facets(
    source: str,
    remote: str | None,
    seniority: str | None,
    country: str | None,
    language: str | None,
    employment: tuple[str, ...],
    currency: str | None,
    band: int | None,
    year: int,
    month: int,
) -> tuple[str, ...]:
    named = {
        "source": source,
        "remote": remote,
        "seniority": seniority,
        "country": country,
        "language": language,
        "currency": currency,
    }
    found = [EVERY, *(facet(name, value) for name, value in named.items() if value)]
    found += [facet("employment", kind) for kind in employment]
    if band is not None:
        found.append(f"=pay:{band}")
    return (*found, f"=arrived:{year:04}-{month:02}")


def _segment(text: str, language: str | None) -> Segments:
    stems = analyse(text, language)
    return (stems,) if stems else ()


_kept_segment = lru_cache(maxsize=1 << 14)(_segment)


def _segments_of_places(job: Mapping[str, Any], language: str | None) -> Segments:
    parts = [job["place"], job["city"], job["region"]]
    for place in (job["places"] or ())[1:]:
        parts += [place.get(name) for name in ("text", "city", "region")]
    return _kept_places(tuple(parts), language)


@lru_cache(maxsize=1 << 13)
def _kept_places(parts: tuple[str | None, ...], language: str | None) -> Segments:
    return _segments(dict.fromkeys(part for part in parts if part), language)


def _segments(texts: Iterable[str], language: str | None) -> Segments:
    return tuple([segment for text in texts for segment in _kept_segment(text, language)])


class Vector(bytes):
    """A `tsvector` as PostgreSQL receives it in binary."""


def tokens(made: Entry) -> set[str]:
    """Return an entry for PostgreSQL."""
    found = set(made.facets)
    for segment in made.title:
        found.update(_marked("title", segment))
    for segment in made.company:
        found.update(_kept_marked("company", segment))
    for segment in made.skills:
        found.update(_kept_marked("skills", segment))
    for segment in made.place:
        found.update(_kept_marked("place", segment))
    for segment in made.body:
        found.update(segment)
        found.update(map(_PAIRS.__getitem__, set(_numbers(segment))))
    return found


def vector(tokens: Collection[str]) -> Vector:
    """Return tokens, none of which comes twice, as the server stores them."""
    # It sorts them itself, and in less time.
    return Vector(pack(">I", len(tokens)) + (_END.join(tokens) + _END).encode())


def _marked(field: Field, segment: tuple[str, ...]) -> tuple[str, ...]:
    found = (*segment, *pairs(segment))
    mark = FIELD_MARKS[field]
    return (*found, *[mark + token for token in found])


_kept_marked = lru_cache(maxsize=1 << 14)(_marked)


def columns(made: Entry) -> tuple[str, str, str, str, str, str]:
    """Return an entry for SQLite: the columns of the FTS5 table in their order."""
    return (
        _text(made.title),
        _text(made.company),
        _text(made.skills),
        _text(made.place),
        _text(made.body),
        " ".join(made.facets),
    )


def _text(segments: Segments) -> str:
    if not segments:
        return ""
    if len(segments) == 1:
        return " ".join(segments[0])
    return f" {BREAK} ".join(" ".join(segment) for segment in segments)
