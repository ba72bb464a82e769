"""Realistic jobs in any number, the same for the same seed, faster than they can be stored.

Words follow Zipf's law over some 25,000 of each corpus, made of the syllables of five languages;
texts are 3 to 6 kB of sentences, each with a few words of its own. Companies and places are as
skewed as in life. A few words and phrases are planted so that a query has a known answer.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate
from typing import Final

from msgspec import Struct

from jobtracker_core.contract.host import PayRecord, Record
from jobtracker_core.contract.posting import (
    Employment,
    PayInterval,
    PayKind,
    Place,
    Precision,
    Remote,
    Seniority,
)
from tests.benchmarks.corpus_words import (
    CITIES,
    COMMON,
    FOCUSES,
    KNOWN,
    LANGUAGES,
    ROLES,
    SKILLS,
    SYLLABLES,
    Known,
)

BEGINS: Final = datetime(2024, 11, 1, tzinfo=UTC)
SPAN: Final = timedelta(days=730)
"""From the first arrival to the last."""

SOURCES: Final = ("linkedin", "indeed", "hiringcafe", "company")
RARE: Final = {"turnip": 5_000, "zither": 160, "monograph": 80}
"""Planted words, each in one job of so many."""

_WORDS: Final = 5_000
"""Of each language."""

_SENTENCES: Final = 4_000
_COMPANIES: Final = 20_000
_TWICE: Final = 25
"""Every so many-th job stands at a second source too."""


class Made(Struct, frozen=True, kw_only=True):
    """A posting, where it comes from, and when."""

    source: str
    record: Record
    arrived: datetime


class _Tongue(Struct, frozen=True, kw_only=True):
    """A language: its sentences, and its words by how often they come."""

    sentences: tuple[str, ...]
    words: tuple[str, ...]
    weights: tuple[float, ...]


class Corpus:
    """Jobs by their numbers, from 0 on; each is made of its number and the seed alone."""

    def __init__(self, *, seed: int = 8, size: int) -> None:
        self._seed = seed
        self._size = size

    @property
    def size(self) -> int:
        """Return how many jobs there are; those beyond can be made too, and are in none."""
        return self._size

    @cached_property
    def _tongues(self) -> dict[str, _Tongue]:
        return {language: _tongue(self._seed, language) for language in LANGUAGES}

    @cached_property
    def _companies(self) -> tuple[tuple[str, ...], tuple[float, ...]]:
        chance = random.Random(f"{self._seed} companies")
        names = tuple(
            f"{_word(chance, chance.choice(tuple(LANGUAGES))).capitalize()}"
            f"{_word(chance, 'en')} {chance.choice(('GmbH', 'Inc.', 'Ltd', 'AG', 'Group', 'SE'))}"
            for _ in range(_COMPANIES)
        )
        return names, tuple(accumulate(1 / (rank + 8) for rank in range(_COMPANIES)))

    def pages(self, size: int, *, start: int = 0) -> Iterator[list[Made]]:
        """Give all jobs from one on, in the order of arrival."""
        for first in range(start, self._size, size):
            yield [self.job(n) for n in range(first, min(first + size, self._size))]

    def job(self, number: int) -> Made:
        """Make a job."""
        chance = random.Random(self._seed * 1_000_003 + number)
        again = number % _TWICE == _TWICE - 1
        # The same job at another source: all that is said of it is what the one before says.
        told = random.Random(self._seed * 1_000_003 + number - 1) if again else chance
        language = told.choices(tuple(LANGUAGES), tuple(LANGUAGES.values()))[0]
        text = self._description(told, language, number - again)
        names, weights = self._companies
        company = told.choices(names, cum_weights=weights)[0]
        title = _title(told, language)
        place = _place(told)
        known = self._known.get(number)
        if known is not None:
            title, company, place = known.title, known.company, known.place
        arrived = BEGINS + SPAN * (number / max(self._size, 1))
        record = Record(
            source_id=f"{number:08}",
            url=f"https://board.example/jobs/{number:08}",
            title=title,
            company=company,
            company_key=company.casefold(),
            places=(place,),
            remote=told.choices((*list(Remote)[:3], None), (50, 25, 15, 10))[0],
            employment=told.choices(
                ((Employment.FULL_TIME,), (Employment.PART_TIME,), (Employment.CONTRACT,), None),
                (70, 8, 10, 12),
            )[0],
            seniority=told.choices((*Seniority, None), (3, 12, 8, 25, 25, 8, 2, 1, 16))[0],
            skills=tuple(dict.fromkeys(told.choices(SKILLS, k=told.randrange(9)))) or None,
            language=language if told.random() < 0.7 else None,
            pay=_pay(told),
            posted_at=arrived - timedelta(hours=told.randrange(1, 90)),
            posted_precision=Precision.DAY,
            apply_url=f"https://apply.example/{number:08}",
            description=text,
            content_hash=blake2b(b"%d %d" % (self._seed, number), digest_size=16).digest(),
        )
        source = told.choices(SOURCES, (50, 30, 15, 5))[0]
        if again:
            source = SOURCES[(SOURCES.index(source) + 1) % len(SOURCES)]
        return Made(source=source, record=record, arrived=arrived)

    @cached_property
    def _known(self) -> dict[int, Known]:
        """Where the jobs with known answers stand: all over the corpus, never a repeated one."""
        step = self._size // (len(KNOWN) + 1)
        places = (step * (n + 1) for n in range(len(KNOWN)))
        return {n - n % _TWICE: known for n, known in zip(places, KNOWN, strict=True)}

    @property
    def answers(self) -> dict[str, str]:
        """Which posting answers a query best: query to source_id."""
        return {known.query: f"{n:08}" for n, known in self._known.items()}

    def _description(self, chance: random.Random, language: str, number: int) -> str:
        tongue = self._tongues[language]
        parts = chance.choices(tongue.sentences, k=chance.randrange(20, 46))
        parts += chance.choices(tongue.words, cum_weights=tongue.weights, k=24)
        parts += [word for word, step in RARE.items() if number % step == 0]
        paragraphs = (" ".join(parts[n : n + 6]) for n in range(0, len(parts), 6))
        return "<p>" + "</p>\n<p>".join(paragraphs) + "</p>"


def _tongue(seed: int, language: str) -> _Tongue:
    chance = random.Random(f"{seed} {language}")
    words = dict.fromkeys(COMMON[language])
    while len(words) < _WORDS:
        words[_word(chance, language)] = None
    ranked = tuple(words)
    weights = tuple(accumulate(1 / (rank + 2.7) for rank in range(_WORDS)))

    def sentence() -> str:
        chosen = chance.choices(ranked, cum_weights=weights, k=chance.randrange(8, 20))
        return f"{' '.join(chosen).capitalize()}."

    return _Tongue(
        sentences=tuple(sentence() for _ in range(_SENTENCES)),
        words=ranked,
        # Flatter than in sentences: what is rare has to come from somewhere.
        weights=tuple(accumulate(1 / (rank + 60) for rank in range(_WORDS))),
    )


def _word(chance: random.Random, language: str) -> str:
    syllables = SYLLABLES[language]
    return "".join(chance.choices(syllables, k=chance.choice((2, 2, 3, 3, 3, 4))))


def _title(chance: random.Random, language: str) -> str:
    role = chance.choice(ROLES[language])
    title = f"{chance.choice(('', 'Senior ', 'Junior ', 'Lead ', ''))}{role}"
    if chance.random() < 0.5:
        title += f" {chance.choice(FOCUSES)}"
    return f"{title} (m/w/d)" if language == "de" else title


def _place(chance: random.Random) -> Place:
    at = min(int(chance.expovariate(0.09)), len(CITIES) - 1)
    city, region, country = CITIES[at]
    return Place(text=f"{city}, {region}", city=city, region=region, country=country)


def _pay(chance: random.Random) -> PayRecord | None:
    if chance.random() > 0.45:
        return None
    low = float(round(chance.lognormvariate(11.1, 0.4), -3))
    high = float(round(low * chance.uniform(1.05, 1.5), -3))
    return PayRecord(
        min=low,
        max=high,
        currency=chance.choice(("EUR", "EUR", "USD", "GBP")),
        interval=PayInterval.YEAR,
        kind=PayKind.STATED,
        year_min=low,
        year_max=high,
        year_factor=1.0,
    )
