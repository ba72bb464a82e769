from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random
from typing import Any

import msgspec
import pytest

from jobtracker_core import (
    CompanyFacts,
    Employment,
    LayoutChanged,
    Pay,
    PayInterval,
    PayKind,
    Place,
    Posting,
    PostingRef,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_core.ingest.normalise import normalise
from jobtracker_linkedin import LinkedIn, parse
from jobtracker_linkedin.invented import Job, invent
from jobtracker_linkedin.markup import write_card, write_detail, write_list, write_view

TODAY = date(2026, 9, 15)
CARD = """
<div class="base-card base-search-card job-search-card"
     data-entity-urn="urn:li:jobPosting:4100000077" data-tracking-id="q1w2">
  <a class="base-card__full-link" href="https://se.linkedin.com/jobs/view/organ-builder-4100000077?refId=x">
    <span class="sr-only"> Organ Builder </span></a>
  <div class="base-search-card__info">
    <h3 class="base-search-card__title">
      Organ   &amp; Bell
      Builder </h3>
    <h4 class="base-search-card__subtitle">
      <a href="https://se.linkedin.com/company/tin-whistle?trk=public_jobs"> Tin Whistle Works </a></h4>
    <!----><div class="base-search-card__metadata">
      <span class="job-search-card__location"> Leeds, England, United Kingdom </span>
      <span class="job-search-card__salary-info"> £40,000.00/yr - £52,000.00/yr </span>
      <time class="job-search-card__listdate--new" datetime="2026-09-14"> 1 day ago </time>
    </div></div></div>
"""
REF = PostingRef(
    source_id="4100000077", url="https://www.linkedin.com/jobs/view/4100000077", title="Keeper"
)
DETAIL = """
<section class="top-card-layout"><h2 class="topcard__title">Keeper</h2>
  <button class="top-card-layout__cta--primary">Apply</button>
  <a data-semaphore-content-urn="urn:li:jobPosting:4100000077">Report</a></section>
<section class="description"><div class="show-more-less-html__markup"> <p>Keep it.</p> </div>
<ul><li class="description__job-criteria-item">
  <h3 class="description__job-criteria-subheader"> Seniority level </h3>
  <span class="description__job-criteria-text"> Associate </span></li></ul></section>
"""


def job(index: int = 1, **changes: Any) -> Job:
    made = invent(Random(index), index, posted=date(2026, 9, 1))
    return msgspec.structs.replace(made, **changes)


def card(markup: str = CARD) -> Posting:
    (posting,) = parse.cards(f"<!DOCTYPE html>\n<li>{markup}</li>").postings
    return posting


# -- cards


def test_a_card_with_everything() -> None:
    posting = card()
    assert msgspec.structs.replace(posting, raw=None) == Posting(
        source_id="4100000077",
        url="https://www.linkedin.com/jobs/view/4100000077",
        title="Organ & Bell Builder",
        company="Tin Whistle Works",
        company_facts=CompanyFacts(profile_url="https://www.linkedin.com/company/tin-whistle"),
        places=(Place(text="Leeds, England, United Kingdom"),),
        pay=Pay(text="£40,000.00/yr - £52,000.00/yr", kind=PayKind.PARSED),
        posted_at=datetime(2026, 9, 14, tzinfo=UTC),
        posted_precision=Precision.DAY,
    )
    assert isinstance(posting.raw, str)
    assert posting.raw.startswith('<div class="base-card base-search-card')
    assert posting.raw.endswith("</div>")


def test_a_card_becomes_a_record() -> None:
    record = normalise(card(), private=LinkedIn.info.private)
    assert record.places is not None
    place = record.places[0]
    assert (place.city, place.region, place.country) == ("Leeds", "England", "GB")
    pay = record.pay
    assert pay is not None
    assert (pay.min, pay.max, pay.currency, pay.interval) == (
        40_000,
        52_000,
        "GBP",
        PayInterval.YEAR,
    )


def test_a_card_that_is_a_link_as_a_whole() -> None:
    posting = card(write_card(job(9), TODAY))
    assert str(posting.raw).startswith("<a href=")
    assert posting.title == job(9).title
    assert posting.company == job(9).company
    assert posting.company_facts is None


@pytest.mark.parametrize("index", range(30))
def test_every_shape_of_card_says_the_same(index: int) -> None:
    made = job(index)
    posting = card(write_card(made, TODAY))
    assert posting.source_id == made.source_id
    assert posting.title == made.title
    assert posting.company == made.company
    assert posting.places == (Place(text=made.place),)
    assert (posting.posted_at is None) == (index % 23 == 0)
    assert (posting.company_facts is None) == (index % 9 == 0 or index % 11 == 0)
    assert (posting.pay is not None) == (made.pay is not None and index % 3 == 0)


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('datetime="2026-09-14"', 'datetime="yesterday"', "posted_at"),
        ('datetime="2026-09-14"', "", "posted_at"),
        ("£40,000.00/yr - £52,000.00/yr", "", "pay"),
        ("Leeds, England, United Kingdom", "", "places"),
        ("base-search-card__subtitle", "other", "company"),
        ("/company/tin-whistle", "/in/tin-whistle", "company_facts"),
        ("https://se.linkedin.com/company", "https://[se/company", "company_facts"),
    ],
)
def test_what_a_card_does_not_say_is_not_observed(old: str, new: str, field: str) -> None:
    posting = card(CARD.replace(old, new))
    assert getattr(posting, field) is None


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("base-search-card__title", "heading", ".base-search-card__title"),
        ("Organ   &amp; Bell\n      Builder", "", ".base-search-card__title"),
        ('data-entity-urn="urn:li:jobPosting:4100000077"', "", "@data-entity-urn"),
        ("urn:li:jobPosting:4100000077", "urn:li:jobPosting:", "@data-entity-urn"),
        ("urn:li:jobPosting:4100000077", "urn:li:jobPosting:(x)", "@data-entity-urn"),
        ("urn:li:jobPosting:4100000077", "urn:li:member:77", "@data-entity-urn"),
    ],
)
def test_a_card_without_id_or_title_is_skipped(old: str, new: str, path: str) -> None:
    found = parse.cards(CARD.replace(old, new))
    assert found.found == 1
    assert found.postings == ()
    (skip,) = found.skipped
    assert skip.path == f"card[0] {path}"
    assert found.bad.startswith("<div")


def test_either_mark_makes_a_card_and_both_make_one() -> None:
    renamed = CARD.replace("base-search-card job-search-card", "serp-card")
    found = parse.cards(CARD + renamed)
    assert found.found == len(found.postings) == 2


def test_a_page_without_cards() -> None:
    found = parse.cards("<html><body><p>Something else</p></body></html>")
    assert (found.found, found.postings, found.skipped) == (0, (), ())


@pytest.mark.parametrize(("count", "lost"), [(4, ()), (5, (".job-search-card__location",))])
def test_many_cards_without_a_place_are_no_coincidence(count: int, lost: tuple[str, ...]) -> None:
    assert parse.cards(CARD.replace("__location", "__where") * count).lost == lost
    assert parse.cards(CARD.replace("__location", "__where") * count + CARD).lost == ()


def test_cards_of_other_lists_are_not_postings_of_this_one() -> None:
    found = parse.cards(write_list([write_card(job(), TODAY)]) + write_view(job(2)))
    assert [posting.source_id for posting in found.postings] == [job().source_id]
    assert len(found.skipped) == 1  # the similar posting of the view, which is no search card


# -- details


def details(markup: str = DETAIL) -> Posting:
    return parse.details(REF, markup).posting


def test_a_small_detail_page() -> None:
    assert details() == Posting(
        source_id=REF.source_id,
        url=REF.url,
        title=REF.title,
        seniority=Seniority.ASSOCIATE,
        closed=False,
        description="<p>Keep it.</p>",
    )


@pytest.mark.parametrize("index", range(1, 35))
@pytest.mark.parametrize("write", [write_detail, write_view])
def test_invented_pages_say_what_was_invented(index: int, write: Any) -> None:
    made = job(index)
    ref = PostingRef(source_id=made.source_id, url=REF.url, title=made.title)
    found = parse.details(ref, write(made))
    posting = found.posting
    assert found.odd == ()
    assert made.title in (posting.description or "")
    assert (posting.pay.text if posting.pay else None) == made.pay
    assert posting.employment is not None
    assert (posting.company_facts is None) == (index % 17 == 0)
    assert posting.remote == (
        Remote.REMOTE if write is write_view and made.workplace == "2" else None
    )
    day = posting.posted_at.date() if posting.posted_at else None
    assert day == (made.posted if write is write_view else None)


@pytest.mark.parametrize(
    ("written", "seniority"),
    [
        ("Internship", Seniority.INTERNSHIP),
        ("Entry level", Seniority.ENTRY),
        ("Associate", Seniority.ASSOCIATE),
        ("Mid-Senior level", Seniority.MID),
        ("Director", Seniority.DIRECTOR),
        ("Executive", Seniority.EXECUTIVE),
        ("Not Applicable", None),
    ],
)
def test_levels(written: str, seniority: Seniority | None) -> None:
    found = parse.details(REF, DETAIL.replace("Associate", written))
    assert (found.posting.seniority, found.odd) == (seniority, ())


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("Full-time", Employment.FULL_TIME),
        ("Part-time", Employment.PART_TIME),
        ("Contract", Employment.CONTRACT),
        ("Temporary", Employment.TEMPORARY),
        ("Internship", Employment.INTERNSHIP),
        ("Volunteer", Employment.VOLUNTEER),
        ("Other", Employment.OTHER),
    ],
)
def test_kinds_of_employment(written: str, kind: Employment) -> None:
    markup = DETAIL.replace("Seniority level", "Employment type").replace("Associate", written)
    assert details(markup).employment == (kind,)


def test_unknown_words_are_named_and_left_out() -> None:
    found = parse.details(REF, DETAIL.replace("Associate", "Wizard"))
    assert (found.posting.seniority, found.odd) == (None, ("Wizard",))
    found = parse.details(REF, DETAIL.replace("Seniority level", "Niveau"))
    assert (found.posting.seniority, found.odd) == (None, ("Niveau",))


CLOSED = (
    '<section class="top-card-layout"><figcaption class="closed-job__flavor--closed">'
    "No longer accepting applications</figcaption></section>"
)


def test_closed_open_and_unknown() -> None:
    assert details().closed is False
    assert details(DETAIL + CLOSED).closed is True
    assert details(DETAIL.replace("cta--primary", "cta")).closed is None


def test_a_closed_page_needs_no_description() -> None:
    assert details(CLOSED) == parse.gone(REF)


def test_an_employers_own_markup_closes_nothing() -> None:
    assert details(DETAIL.replace("<p>Keep it.</p>", CLOSED)).closed is False


@pytest.mark.parametrize(
    "markup",
    ["", "<html></html>", DETAIL.replace("<p>Keep it.</p>", ""), DETAIL.replace("__markup", "")],
)
def test_a_page_without_a_description_is_not_understood(markup: str) -> None:
    with pytest.raises(LayoutChanged, match="not closed"):
        details(markup)


def test_the_page_of_another_posting_is_refused() -> None:
    with pytest.raises(LayoutChanged, match="asked for 4100000077, got urn:li:jobPosting:5"):
        details(DETAIL.replace("urn:li:jobPosting:4100000077", "urn:li:jobPosting:5"))


def test_people_are_cut_out_of_a_description() -> None:
    for address in (
        "https://www.linkedin.com/in/odalys",
        "https://se.linkedin.com/in/odalys?trk=x",
        "https://www.linkedin.com/login?session_redirect=https%3A%2F%2Fwww.linkedin.com%2Fin%2Fodalys",
        "https://x.example/?to=https%3A%2F%2Fwww%2Elinkedin%2Ecom%2Fin%2Fodalys",
    ):
        person = f'<p>Keep it.</p><a href="{address}">Odalys Wrenfield</a>'
        assert details(DETAIL.replace("<p>Keep it.</p>", person)).description == "<p>Keep it.</p>"
    elsewhere = '<a href="https://keeper.example/in/leeds">Leeds</a>'
    kept = details(DETAIL.replace("<p>Keep it.</p>", elsewhere)).description
    assert kept == elsewhere


def test_the_way_to_the_employer() -> None:
    code = (
        '<code id="applyUrl" style="display: none"><!--"https://se.linkedin.com/jobs/view/'
        'externalApply/7?url=https%3A%2F%2Fkeeper%2Eexample%2Fjobs%3Fid%3D7&urlHash=x"--></code>'
    )
    assert details(DETAIL + code).apply_url == "https://keeper.example/jobs?id=7"
    for broken in ('<!--"https://[x"-->', '<!--"https://x/?url=javascript%3A1"-->', "", "<!---->"):
        markup = f'{DETAIL}<code id="applyUrl">{broken}</code>'
        assert details(markup).apply_url is None


def with_data(**data: Any) -> str:
    body = msgspec.json.encode({"@type": "JobPosting", **data}).decode()
    return f'{DETAIL}<script type="application/ld+json">{body}</script>'


def test_linked_data_adds_what_the_page_does_not_say() -> None:
    posting = details(
        with_data(
            datePosted="2026-09-01T10:30:00.000Z",
            employmentType="CONTRACTOR",
            jobLocationType="TELECOMMUTE",
            baseSalary={
                "currency": "SEK",
                "value": {"minValue": 30_000, "maxValue": 36_000.5, "unitText": "MONTH"},
            },
        )
    )
    assert posting.posted_at == datetime(2026, 9, 1, 10, 30, tzinfo=UTC)
    assert posting.posted_precision is Precision.EXACT
    assert posting.employment == (Employment.CONTRACT,)
    assert posting.remote is Remote.REMOTE
    assert posting.pay == Pay(
        min=30_000, max=36_000.5, currency="SEK", interval=PayInterval.MONTH, kind=PayKind.STATED
    )


@pytest.mark.parametrize(
    "data",
    [
        {"datePosted": 7, "employmentType": ["FULL_TIME"], "baseSalary": "much"},
        {"datePosted": "soon", "baseSalary": {"currency": "SEK", "value": 7}},
        {"baseSalary": {"value": {"minValue": "x"}}, "jobLocationType": {"a": 1}},
        {"baseSalary": {"currency": "SEK", "value": {}}},
        {"baseSalary": {"currency": ["SEK"], "value": {"minValue": 1}}},
    ],
)
def test_odd_linked_data_is_left_out(data: dict[str, Any]) -> None:
    assert details(with_data(**data)) == details()


def test_broken_linked_data_is_left_out() -> None:
    for body in ("{", "[]", '"x"', '{"@type": "Organization", "datePosted": "2026-09-01"}'):
        markup = f'{DETAIL}<script type="application/ld+json">{body}</script>'
        assert details(markup) == details()
