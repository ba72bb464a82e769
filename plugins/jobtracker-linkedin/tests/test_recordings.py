"""The collector on real answers of the real site, served by a server of our own."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core import Employment, Posting, PostingRef, Remote, RunState, Seniority
from jobtracker_core.contract.host import Record
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.ingest.private import redact
from jobtracker_linkedin import LinkedIn, LinkedInQuery, parse

COUNTS = {
    "search_in-bengaluru_product-manager_60cards.html": 60,
    "search_in-chennai_python-developer_60cards.html": 60,
    "search_us-sf_rust_1card.html": 1,
    "search_us_all_60cards_with-open-detail-salary.html": 60,
    "search_us_internship_25cards_2022-markup.html": 25,
    "search_us_python-developer_60cards.html": 60,
    "search_us_python_60cards.html": 60,
    "seeMore_se_swedish_10cards_2024-markup.html": 10,
    "seeMore_us_software-engineer_p0.html": 10,
    "seeMore_us_supply-chain_p0.html": 10,
}
DETAILS = (
    "jobPosting_us_new-grad.html",
    "view_il_imagen_2023.html",
    "view_il_movement_2023.html",
    "view_sa_CLOSED_software-engineer.html",
    "search_us_all_60cards_with-open-detail-salary.html",
)
WITH_RECRUITER = (
    "view_il_movement_2023.html",
    "search_us_all_60cards_with-open-detail-salary.html",
)

# Read in another way than the collector's, so that both can be wrong only in the same place.
CARD = re.compile(
    r'data-entity-urn="urn:li:jobPosting:(?P<id>\d+)".*?'
    r'class="base-search-card__title">(?P<title>.*?)</h3>.*?'
    r'class="base-search-card__subtitle">(?P<company>.*?)</h4>.*?'
    r'class="job-search-card__location">(?P<place>.*?)</span>.*?'
    r'<time class="[^"]*" datetime="(?P<date>[\d-]+)"',
    re.DOTALL,
)
REPORT = re.compile(r'data-semaphore-content-urn="urn:li:jobPosting:(\d+)"')


def plain(markup: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def detailed(folder: Path, name: str) -> Posting:
    page = (folder / name).read_text(encoding="utf-8")
    report = REPORT.search(page)
    assert report
    ref = PostingRef(source_id=report[1], url=f"{parse.SITE}/jobs/view/{report[1]}", title="x")
    found = parse.details(ref, page)
    assert found.odd == ()
    return found.posting


# -- lists


def test_all_lists_are_here(recordings: Path) -> None:
    paths = [*recordings.glob("seeMore*"), *recordings.glob("search*")]
    assert {path.name for path in paths} == COUNTS.keys()
    assert sorted(COUNTS.values()) == [1, 10, 10, 10, 25, 60, 60, 60, 60, 60]


@pytest.mark.parametrize("name", COUNTS)
def test_a_recorded_list_gives_every_card_whole(
    name: str, recordings: Path, served: Any, run_at: Any
) -> None:
    body = (recordings / name).read_bytes()
    served.lists[0] = body
    result, host = run_at(served.base_url)
    assert result.counts.seen == len(host.listed) == COUNTS[name]
    assert result.counts.rejected == 0
    cards = list(CARD.finditer(body.decode()))
    assert len(cards) == COUNTS[name]
    for card in cards:
        record: Record = host.listed[card["id"]]
        assert record.url == f"https://www.linkedin.com/jobs/view/{card['id']}"
        assert record.title == unescape(plain(card["title"]))
        assert record.company == plain(card["company"])
        assert record.places
        assert record.places[0].text == plain(card["place"])
        assert record.posted_at
        assert record.posted_at.date() == date.fromisoformat(card["date"])
        assert record.raw
        assert card["id"] in record.raw
        assert (record.remote, record.closed, record.description) == (None, None, None)


def test_a_whole_search_over_recorded_fragments(recordings: Path, served: Any, run_at: Any) -> None:
    names = [name for name in COUNTS if name.startswith("seeMore")]
    for index, name in enumerate(names):
        served.lists[index * 10] = (recordings / name).read_bytes()
    _, host = run_at(served.base_url)
    assert len(host.listed) == 30
    starts = [request.query["start"] for request in served.requests if request.query]
    assert starts == ["0", "10", "20", "30", "30"]


def test_swedish_stays_swedish(recordings: Path) -> None:
    page = (recordings / "seeMore_se_swedish_10cards_2024-markup.html").read_text(encoding="utf-8")
    found = parse.cards(page).postings
    assert any("ä" in posting.title for posting in found)
    roots = [str(posting.raw).startswith("<a ") for posting in found]
    assert roots.count(True) == 4
    assert [posting.company_facts is None for posting in found] == roots


# -- details


@pytest.mark.parametrize("name", DETAILS)
def test_a_recorded_detail_page_gives_description_and_criteria(name: str, recordings: Path) -> None:
    posting = detailed(recordings, name)
    page = (recordings / name).read_text(encoding="utf-8")
    assert len(posting.description or "") > 1_000
    assert posting.employment == (Employment.FULL_TIME,)
    labels = page.count('class="description__job-criteria-subheader')
    assert labels in (1, 4)
    assert (posting.company_facts is not None) == (labels == 4)
    assert posting.closed is ("CLOSED" in name)
    assert posting.remote in (None, Remote.REMOTE)


def test_levels_of_the_recorded_pages(recordings: Path) -> None:
    assert [detailed(recordings, name).seniority for name in DETAILS] == [
        None,
        Seniority.ENTRY,
        None,
        Seniority.MID,
        Seniority.MID,
    ]


def test_pay_of_an_open_detail_pane(recordings: Path) -> None:
    record = normalise(detailed(recordings, DETAILS[4]), private=LinkedIn.info.private)
    assert record.pay is not None
    assert (record.pay.min, record.pay.max, record.pay.currency) == (65_000, 75_000, "USD")
    assert (record.pay.interval, record.pay.kind) == ("year", "parsed")
    assert [detailed(recordings, name).pay for name in DETAILS[:4]] == [None] * 4


def test_the_employers_address_and_the_exact_date(recordings: Path) -> None:
    for name in DETAILS:
        posting = detailed(recordings, name)
        is_old_view = name.startswith("view_il")
        assert (posting.apply_url is not None) == (posting.posted_at is not None) == is_old_view
        assert "linkedin.com" not in (posting.apply_url or "")


# -- people


def people(page: str) -> set[str]:
    """Names and profiles in the block of the recruiter."""
    found: set[str] = set()
    for block in LexborHTMLParser(page).css(".message-the-recruiter"):
        for heading in block.css(".base-main-card__title, .base-main-card__subtitle"):
            found.add(" ".join(heading.text().split()))
        found |= set(re.findall(r"(?:/in/|%2Fin%2F)([\w%-]+)", block.html or ""))
    return {name for name in found if name}


@pytest.mark.parametrize("name", WITH_RECRUITER)
def test_no_recruiter_is_kept(name: str, recordings: Path, served: Any, run_at: Any) -> None:
    page = (recordings / name).read_bytes()
    persons = people(page.decode())
    assert len(persons) >= 3
    if name in COUNTS:
        served.lists[0] = page
    else:
        report = REPORT.search(page.decode())
        assert report
        card = (
            '<div class="base-search-card" data-entity-urn="urn:li:jobPosting:'
            f'{report[1]}"><h3 class="base-search-card__title">x</h3></div>'
        )
        served.lists[0] = card.encode()
    for found in REPORT.finditer(page.decode()):
        served.pages[f"/jobs-guest/jobs/api/jobPosting/{found[1]}"] = page
    _, host = run_at(served.base_url)
    kept = "".join(repr(record) for record in (*host.listed.values(), *host.detailed.values()))
    assert any(record.description for record in host.detailed.values())
    captured = redact(page, "text/html; charset=utf-8", LinkedIn.info.private).decode()
    assert "show-more-less-html__markup" in captured
    for person in persons:
        assert person not in kept
        assert person not in captured


# -- blocks


@pytest.mark.parametrize(
    ("name", "status"),
    [("BLOCKED_999_authwall-redirect.html", 999), ("BLOCKED_authwall_page.html", 200)],
)
@pytest.mark.parametrize("after", [0, 1])
def test_a_block_ends_blocked(
    name: str, status: int, after: int, recordings: Path, served: Any, run_at: Any
) -> None:
    fragment = "seeMore_us_supply-chain_p0.html"
    served.lists = {0: (recordings / fragment).read_bytes()} if after else {}
    served.otherwise = (status, (recordings / name).read_bytes())
    result, host = run_at(served.base_url, LinkedInQuery(text="analyst"))
    assert (result.outcome.state, result.outcome.error_class) == (RunState.PARTIAL, "blocked")
    assert len(host.listed) == after * 10
