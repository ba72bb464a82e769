"""Pages made to cost time or memory, and pages that name people."""

from __future__ import annotations

from time import process_time

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


def test_a_card_far_inside_of_another_is_no_card() -> None:
    found = parse.cards(card(1, f"<div><p><b>{card(2)}</b></p></div>") + card(3))
    assert [posting.source_id for posting in found.postings] == ["1", "3"]


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
        "<DIV\n>" * 6_000,
        "<div></span>" * 6_000,
        "<span><div></span>" * 6_000,
        "<div><!--</div>-->" * 6_000,
        '<div a="</div>">' * 6_000,
        '<div "><div><div>' + "<div>" * 6_000 + '">',
        '<div ="><div>' + "<div>" * 6_000 + '">',
        "<div><select></div></select>" * 6_000,
        "<svg><style>" + "<g>" * 6_000 + "</style></svg>",
        "<svg>" + "<g><![CDATA[></g>]]>" * 6_000,
        "<svg>" + "<wbr>" * 6_000,
        "<p>" + "".join(f"<b id={number}><p>" for number in range(1_000)),
        "<p>" + "".join(f"<b id={number}>" for number in range(290)) + "<p>x" * 20_000,
    ],
)
def test_deep_pages_are_refused_before_they_are_parsed(page: str) -> None:
    started = process_time()
    for read in (parse.cards, lambda page: parse.details(REF, page)):
        with pytest.raises(LayoutChanged, match="nest deeper"):
            read(DESCRIBED.format("") + card(1) + page)
    assert process_time() - started < 2


@pytest.mark.parametrize(
    "page",
    [
        "<div>" * 4_900,
        '<div class="description__job-criteria-item">' * 190 + "<a><div>" * 2_000,
        '<div class="poster"><div href="https://x">' * 2_400,
        '<a href="https://www.linkedin.com/in/x"><table><td>' * 1_600,
    ],
)
def test_a_page_of_few_tags_costs_little_however_it_nests(page: str) -> None:
    started = process_time()
    assert parse.cards(card(1, page)).found == 1
    assert parse.details(REF, DESCRIBED.format("") + page).posting.description == "Keep it."
    assert parse.details(REF, DESCRIBED.format(page)).posting.description is not None
    assert process_time() - started < 3


def test_parts_in_a_description_are_the_employers() -> None:
    criterion = (
        '<li class="description__job-criteria-item"><h3 class="description__job-criteria-subheader">'
        'Industries</h3><span class="description__job-criteria-text">{}</span></li>'
    )
    inner = criterion.format("Fakes") + '<b class="compensation__salary">$1</b>'
    page = DESCRIBED.format(inner) + criterion.format("Lighthouses")
    posting = parse.details(REF, page).posting
    assert posting.company_facts is not None
    assert (posting.company_facts.industry, posting.pay) == ("Lighthouses", None)


def test_what_follows_the_list_or_the_posting_is_not_read() -> None:
    listed = f"<ul><li>{card(1)}</li><li>{card(2)}</li></ul><footer>한국어</footer>"
    assert [posting.source_id for posting in parse.cards(listed).postings] == ["1", "2"]
    others = '<section class="my-3 similar-jobs"><b class="compensation__salary">$1</b></section>'
    assert parse.details(REF, DESCRIBED.format("") + others).posting.pay is None
    named = parse.details(REF, DESCRIBED.format("Two similar-jobs.") + others).posting
    assert named.description == "Keep it. Two similar-jobs."


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
