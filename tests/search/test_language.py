"""The query language."""

from __future__ import annotations

import pytest

from jobtracker_core.search.language import parse, show


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("python django OR flask -manager", "python (django OR flask) -manager"),
        ('title:(senior OR lead) company:"acme inc"', '(title:senior OR title:lead) company:"acme inc"'),
        ("pay:80.000€ posted:<7d seen:24h", "pay:>=80kEUR posted:<1w seen:<1d"),
    ],
)
def test_a_query_has_one_canonical_form(typed: str, shown: str) -> None:
    node = parse(typed)
    assert node is not None
    assert show(node) == shown
    assert parse(shown) is not None
