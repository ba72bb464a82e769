"""Pages nested beyond all reason."""

from __future__ import annotations

from time import perf_counter

import pytest

from jobtracker_core.contract.info import Private
from jobtracker_core.ingest.depth import DEEPEST, is_too_deep
from jobtracker_core.ingest.private import blank_html


@pytest.mark.parametrize(
    "markup",
    [
        "<div>" * (DEEPEST + 1),
        "<DIV class='a'>" * (DEEPEST + 1),
        "<div><!--</div>-->" * (DEEPEST + 1),
    ],
)
def test_what_is_nested_beyond_reason_is_not_parsed(markup: str) -> None:
    assert is_too_deep(markup)
    assert blank_html(markup, Private(selectors=(".secret",))) == ""


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * DEEPEST + "</div>" * DEEPEST,
        "<div><b>x</b><br></div>" * 5_000,
        "<ul>" + "<li>x<p>y<br><img src=x>" * 5_000 + "</ul>",
        '<link rel="x"><meta name="y"><input>' * 5_000,
        "<!--" + "<div>" * 5_000 + "-->",
        '<a title="' + "<div>" * 5_000 + '">x</a>',
        "<script>if (a<b) {}</script>" * 200,
    ],
)
def test_long_pages_are_not_deep(page: str) -> None:
    assert not is_too_deep(page)


@pytest.mark.parametrize(
    "piece", ["<a ", "<a x='\"", "<!--", "<![CDATA[", "<a x=", "</", "<", "<a b ", '<br/ ="']
)
def test_the_look_at_the_depth_takes_linear_time(piece: str) -> None:
    started = perf_counter()
    is_too_deep(piece * 100_000)  # either answer will do; it is the time that counts
    assert perf_counter() - started < 3
