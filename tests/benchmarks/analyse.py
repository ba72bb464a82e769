"""The words of postings, from their text, against bare PyStemmer over words that are cut already.

Texts of 4.5 kB whose words are about as skewed as those of real ones: a few hundred make up half of
each, and some in a hundred were not seen before.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from itertools import accumulate

import Stemmer

from jobtracker_core.search.analyzer import analyse
from tests.benchmarks.ratio import Ratio, compare

POSTINGS = 300
SIZE = 4_500
_VOCABULARY = 60_000
_LANGUAGES = {"en": ("english", "aeiou"), "de": ("german", "aeiouäöü")}
_ENDINGS = ("", "", "s", "er", "ing", "ung", "en", "ed", "ation", "ment", "keit", "ly")
_BEHIND = (*[""] * 30, ",", ",", ".", ".", ":", ")", "!")


def measure(rounds: int) -> Iterator[Ratio]:
    """Return how long ours takes for the same words."""
    for language, (algorithm, vowels) in _LANGUAGES.items():
        texts = _texts(vowels)
        words = [re.findall(r"\w+", text.lower()) for text in texts]
        bare = Stemmer.Stemmer(algorithm)
        ratio = compare(
            f"analyse ({language}) / bare PyStemmer, words cut",
            lambda texts=texts, language=language: [analyse(text, language) for text in texts],  # type: ignore[misc]
            lambda words=words, bare=bare: [bare.stemWords(each) for each in words],  # type: ignore[misc]
            rounds=rounds,
            unit=f"{POSTINGS} postings of {SIZE / 1000:g} kB",
        )
        yield ratio


def _texts(vowels: str) -> list[str]:
    chance = random.Random(vowels)
    words = [_word(chance, vowels) for _ in range(_VOCABULARY)]
    skew = list(accumulate((rank + 2.7) ** -1.15 for rank in range(_VOCABULARY)))
    return [_text(chance, words, skew) for _ in range(POSTINGS)]


def _text(chance: random.Random, words: list[str], skew: list[float]) -> str:
    pieces = [
        word.capitalize() + chance.choice(_BEHIND)
        if chance.random() < 0.1
        else word + chance.choice(_BEHIND)
        for word in chance.choices(words, cum_weights=skew, k=SIZE // 5)
    ]
    return " ".join(pieces)[:SIZE]


def _word(chance: random.Random, vowels: str) -> str:
    syllables = chance.choice((1, 1, 2, 2, 3))
    stem = "".join(
        chance.choice("bcdfghklmnprstvw") + chance.choice(vowels) for _ in range(syllables)
    )
    return stem + chance.choice("lmnrst") + chance.choice(_ENDINGS)
