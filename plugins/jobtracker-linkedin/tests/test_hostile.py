"""Pages made to cost time or memory, and pages that name people."""

from __future__ import annotations

from time import perf_counter

import pytest

from jobtracker_core import Blocked, LayoutChanged, PostingRef
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.ingest.private import redact
from jobtracker_linkedin import LinkedIn, parse

REF = PostingRef(source_id="1", url="https://www.linkedin.com/jobs/view/1", title="Keeper")
DESCRIBED = '<div class="show-more-less-html__markup">Keep it. {}</div>'
PEOPLE = (
    '<a href="https://uk.linkedin.com/in/ida-quill">Ida Quill</a>'
    '<a href="https://uk.linkedin.com/pub/ida-quill/1/2/3">Ida Quill</a>'
    '<a href="https://x.example/?to=https%3a%2f%2Fwww.linkedin.com%2fpub%2fida-quill">Ida Quill</a>'
    '<div class="hirer-card__info"><span>Ida Quill</span></div>'
    '<div class="JobPoster__name">Ida Quill</div>'
    '<div data-poster="urn:li:member:778899">wrote it</div>'
)
NUMBERS = (
    '<i data-who="urn:li:member:778899" data-where="urn:li:fsd_profile:ACoQUILL-_x"></i>'
    "urn:li:fs_profile:ACoQUILL and urn%3Ali%3Amember%3A778899"
)
TRACES = ("quill", "778899")


def card(number: int, inner: str = "", end: str = "</div>") -> str:
    return (
        f'<div class="base-search-card" data-entity-urn="urn:li:jobPosting:{number}">'
        f'<h3 class="base-search-card__title">Keeper {number}</h3>'
        '<h4 class="base-search-card__subtitle">Tin Whistle</h4>'
        f'<span class="job-search-card__location">Leeds</span>{inner}{end}'
    )


# -- cards


def test_a_card_inside_of_another_is_no_card() -> None:
    found = parse.cards(card(1, card(2, card(3))) + card(4))
    assert [posting.source_id for posting in found.postings] == ["1", "4"]
    assert found.found == 2


def test_unclosed_cards_give_no_more_than_the_page() -> None:
    page = "".join(card(number, end="") for number in range(150))
    (posting,) = parse.cards(page).postings
    assert len(str(posting.raw)) < 2 * len(page)


def test_more_cards_than_any_page_has() -> None:
    assert parse.cards("".join(map(card, range(200)))).found == 200
    with pytest.raises(LayoutChanged, match="201 cards"):
        parse.cards("".join(map(card, range(201))))


def test_a_card_that_is_too_long_is_read_and_not_kept_as_it_came() -> None:
    (posting,) = parse.cards(card(1, "x" * 70_000)).postings
    assert (posting.title, posting.raw) == ("Keeper 1", None)


# -- depth


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 60_000,
        "<DIV\n>" * 1_000,
        "<div></span>" * 1_000,
        "<span><div></span>" * 1_000,
        "<div><!--</div>-->" * 1_000,
        '<div a="</div>">' * 1_000,
        '<div "><div><div>' + "<div>" * 1_000 + '">',
        '<div ="><div>' + "<div>" * 1_000 + '">',
        "<div><select></div></select>" * 1_000,
        "<svg><style>" + "<g>" * 1_000 + "</style></svg>",
        "<svg>" + "<g><![CDATA[></g>]]>" * 1_000,
        "<svg>" + "<wbr>" * 1_000,
        "<p>" + "".join(f"<b id={number}><p>" for number in range(1_000)),
    ],
)
def test_deep_pages_are_refused_before_they_are_parsed(page: str) -> None:
    started = perf_counter()
    for read in (parse.cards, lambda page: parse.details(REF, page)):
        with pytest.raises(LayoutChanged, match="nest deeper"):
            read(DESCRIBED.format("") + card(1) + page)
    assert perf_counter() - started < 2


# -- people


def test_nobody_is_left_in_a_card() -> None:
    (posting,) = parse.cards(card(1, PEOPLE + NUMBERS)).postings
    record = normalise(posting, private=LinkedIn.info.private)
    assert "Tin Whistle" in str(record.raw)
    assert not [trace for trace in TRACES if trace in repr(record).lower()]


def test_nobody_is_left_in_a_description() -> None:
    page = DESCRIBED.format(PEOPLE + NUMBERS) + PEOPLE
    record = normalise(parse.details(REF, page).posting, private=LinkedIn.info.private)
    assert "Keep it." in str(record.description)
    assert not [trace for trace in TRACES if trace in repr(record).lower()]


def test_nobody_is_left_in_a_capture() -> None:
    page = card(1, PEOPLE) + DESCRIBED.format(PEOPLE)
    kept = redact(page.encode(), "text/html", LinkedIn.info.private).decode().lower()
    assert "keep it." in kept
    assert not [trace for trace in TRACES if trace in kept]


def test_a_wall_with_a_description_is_a_wall() -> None:
    with pytest.raises(Blocked, match="Sign Up"):
        parse.details(REF, "<title>Sign Up | LinkedIn</title>" + DESCRIBED.format(""))


def test_a_title_that_says_more_is_no_wall() -> None:
    page = "<title>Join Ltd hiring Sign Up Keeper | LinkedIn</title>" + DESCRIBED.format("")
    assert parse.details(REF, page).posting.description == "Keep it."
