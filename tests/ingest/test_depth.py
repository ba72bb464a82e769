"""Pages nested beyond all reason."""

from __future__ import annotations

import pytest

from jobtracker_core.contract.info import Private
from jobtracker_core.ingest.depth import DEEPEST, is_too_deep
from jobtracker_core.ingest.private import blank_html


@pytest.mark.parametrize(
    "markup",
    ["<div>" * (DEEPEST + 1), "<DIV class='a'>" * (DEEPEST + 1), "<ul><li>" * (DEEPEST + 1)],
)
def test_what_is_nested_beyond_reason_is_not_parsed(markup: str) -> None:
    assert is_too_deep(markup)
    assert blank_html(markup, Private(selectors=(".secret",))) == ""


@pytest.mark.parametrize(
    "markup",
    [
        "",
        "<div></div>" * 50_000,
        "<p>one<p>two<br><li>three" * 20_000,
        "</div>" * 10_000 + "<div>" * DEEPEST,
        "a < b, 3 <4 and < c " * 10_000,
    ],
)
def test_what_is_long_and_flat_is(markup: str) -> None:
    assert not is_too_deep(markup)
