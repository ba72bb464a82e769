"""Tokens of the index: what a phrase has, a text that holds it has too."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobtracker_core.search.analyzer import analyse
from jobtracker_core.storage import index_tokens
from jobtracker_core.storage.index_tokens import pairs, pay_band

STEMS = st.lists(st.sampled_from(["senior", "engin", "head", "of", "sale", "the", "berlin"]))


@given(before=STEMS, phrase=STEMS, after=STEMS)
def test_a_text_has_all_pairs_of_a_phrase_in_it(
    before: list[str], phrase: list[str], after: list[str]
) -> None:
    assert set(pairs(phrase)) <= set(pairs([*before, *phrase, *after]))


def test_pairs_are_of_what_is_not_passed_over() -> None:
    assert pairs(["head", "of", "the", "sale"]) == pairs(["head", "sale"])
    assert pairs(["sale", "head"]) != pairs(["head", "sale"])
    german = analyse("Leiter und Koch", "de"), analyse("Leiter Koch", "de")
    assert pairs(german[0]) == pairs(german[1]) != []
    assert pairs(["of", "the"]) == pairs(["head"]) == []


@pytest.mark.parametrize(
    ("most", "least", "band"),
    [
        (None, None, None),
        (85_000.0, 10.0, 80_000),
        (None, 80_000.0, 80_000),
        (79_999.99, None, 70_000),
        (-5.0, None, 0),
        (1e12, None, 500_000),
    ],
)
def test_bands_of_pay(most: float | None, least: float | None, band: int | None) -> None:
    assert pay_band(most, least) == band


def test_segments_are_parted_and_signs_are_no_words() -> None:
    job: dict[str, Any] = dict.fromkeys(index_tokens.COLUMNS)
    job |= {
        "title": "C++ =all @tx ~0",
        "source": "board",
        "skills": ["Arc Welding", "SQL"],
        "country": "DE",
        "language": "en-GB",
        "first_seen_at": datetime(2026, 3, 1, tzinfo=UTC),
    }
    made = index_tokens.entry(job, "<p>Keel<b>s</b></p><ul><li>Masts</li></ul>")
    assert made.facets == (
        *("=all", "=source:board", "=country:de", "=language:en-gb", "=arrived:2026-03"),
    )
    words = index_tokens.tokens(made)
    assert {"=all", "@tall", "all", "cplusplus", "keel", "mast", "@ksql"} <= {
        word.rstrip("s") for word in words
    } | words
    assert "@tx" not in words
    assert index_tokens.columns(made)[2].split(" = ")[1] == "sql"
