"""Pages nested beyond all reason."""

from __future__ import annotations

from time import process_time

import pytest
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core.contract.info import Private
from jobtracker_core.ingest.depth import DEEPEST, is_too_deep
from jobtracker_core.ingest.private import blank_html

MANY = "<br>" * 5_000
"""So many tags that it counts how they nest."""

FORMATTING = "".join(f"<b id={number}>" for number in range(DEEPEST - 10))


@pytest.mark.parametrize(
    "markup",
    [
        MANY + "<div>" * (DEEPEST + 1),
        MANY + "<DIV class='a'>" * (DEEPEST + 1),
        MANY + "<div><!--</div>-->" * (DEEPEST + 1),
        # Open formatting goes on in each paragraph: 290 x 20,000 elements.
        FORMATTING + "<p>x" * 20_000,
        FORMATTING.replace("<b", "<FONT\n") + "<p>x</p>" * 20_000,
        "<svg><style>" + FORMATTING + "</style>" + "<p>x" * 20_000,
        # Written by calls within each other.
        "<template>" * 4_900,
        "<TEMPLATE\tid=x>" * 4_900,
        # A few tags only, and as many elements.
        FORMATTING * 2 + "<p>x" * 1_000,
        # Each with its attributes: 200 MB out of 200 kB.
        "".join(f"<b id={number} class={'x' * 2_000}>" for number in range(100)) + "<p>x" * 1_000,
        "".join(f'<b id={number} class="<{"x" * 2_000}">' for number in range(200)) + "<p>x" * 900,
    ],
)
def test_what_is_nested_beyond_reason_is_not_parsed(markup: str) -> None:
    assert is_too_deep(markup)
    assert blank_html(markup, Private(selectors=(".secret",))) == ""


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 5_000,
        "<table><tr><td>" * 1_600,
        "<p><b>x</b> <i>y</i></p>" * 5_000,
        "<b><p>x" * 60,
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
    "unit",
    [
        *(
            "<div>",
            "<a>",
            "<table>",
            "<table><td>",
            "<svg>",
            "<select>",
            "<template>",
            "<ruby><rt>",
        ),
        *("<p><button>", "<ul><li>", "<h1><div>", "<a id=1><div>", "<object><p>", "<b><p></b>"),
        *("<optgroup>", "<span></p>", "<math><mi>", "<frameset>", "<form><div></form>", "<nobr>"),
    ],
)
def test_few_tags_cost_little_however_they_nest(unit: str) -> None:
    page = unit * (4_900 // unit.count("<")) + "<i class=secret>x</i>"
    if is_too_deep(page):
        return  # of few tags that are refused, none are parsed
    started = process_time()
    tree = LexborHTMLParser(page)
    assert tree.html
    assert tree.root is not None
    assert tree.root.text() is not None
    blank_html(page, Private(selectors=(".secret", "[class*=secret i]", "div .secret")))
    assert process_time() - started < 3


@pytest.mark.parametrize(
    "piece",
    [
        "<a ",
        "<a x='\"",
        "<!--",
        "<![CDATA[",
        "<a x=",
        "</",
        "<",
        "<b ",
        '<b x="',
        "<a b ",
        '<br/ ="',
    ],
)
def test_the_look_at_the_depth_takes_linear_time(piece: str) -> None:
    started = process_time()
    is_too_deep(piece * 100_000)  # either answer will do; it is the time that counts
    assert process_time() - started < 3
