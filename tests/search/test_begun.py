"""The last word of a query that is being typed may go on."""

from __future__ import annotations

import pytest

from jobtracker_core.search.begun import begun


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("pyth", "pyth*"),
        ("senior pyth", "senior pyth*"),
        ("title:eng", "title:eng*"),
        ("nurse OR doc", "nurse OR doc*"),
        ("köl", "köl*"),
    ],
)
def test_a_word_that_is_looked_for_goes_on(typed: str, asked: str) -> None:
    assert begun(typed) == asked


@pytest.mark.parametrize(
    "typed",
    [
        *("", "python ", "pyth*", '"machine lear', '"machine learning"', "c++", "("),
        *("python -jav", "python -title:jav", "source:link", "is:ne", "pay:>80", "titel:eng"),
        *("python OR", "(python OR jav)"),
    ],
)
def test_anything_else_stays_as_it_is(typed: str) -> None:
    assert begun(typed) == typed
