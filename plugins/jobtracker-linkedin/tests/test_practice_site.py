"""The practice site keeps its promises: the other tests stand on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from jobtracker_core import Posting
from jobtracker_linkedin.invented import RECRUITERS
from jobtracker_linkedin.practice import LinkedInSite

TODAY = date(2026, 9, 15)
LIST = "/jobs-guest/jobs/api/seeMoreJobPostings/search"


def crawl(site: LinkedInSite, visit_at: Callable[[str], Any]) -> dict[str, Posting]:
    pages = visit_at(site.base_url).pages()
    return {posting.source_id: posting for page in pages for posting in page.postings}


def test_equal_seeds_give_equal_sites(visit_at: Any) -> None:
    with (
        LinkedInSite(seed=7, postings=60, today=TODAY) as one,
        LinkedInSite(seed=7, postings=60, today=TODAY) as two,
        LinkedInSite(seed=8, postings=60, today=TODAY) as other,
    ):
        assert crawl(one, visit_at) == crawl(two, visit_at)
        assert crawl(one, visit_at) != crawl(other, visit_at)


def test_any_number_of_postings(visit_at: Any) -> None:
    with LinkedInSite(postings=701, today=TODAY) as site:
        assert len(crawl(site, visit_at)) == len(set(site.source_ids)) == 701
    with LinkedInSite(postings=0, today=TODAY) as site:
        assert crawl(site, visit_at) == {}


def test_changes_are_what_they_say(site: LinkedInSite, visit_at: Any) -> None:
    before = crawl(site, visit_at)
    changed = site.change(9)
    after = crawl(site, visit_at)
    differing = {key for key in before if before[key] != after[key]}
    assert differing == set(changed)
    assert len(differing) == 9
    kinds = {
        field
        for key in changed
        for field in ("title", "places")
        if getattr(before[key], field) != getattr(after[key], field)
    }
    assert kinds == {"title", "places"}
    assert set(site.change(95)) == set(after)


def test_new_postings_come_first_and_closed_ones_go(site: LinkedInSite, visit_at: Any) -> None:
    before = list(crawl(site, visit_at))
    new = site.add(5)
    after = list(crawl(site, visit_at))
    assert after == [*reversed(new), *before]
    gone = {*site.close(7), *site.remove(2)}
    assert set(crawl(site, visit_at)) == set(after) - gone
    assert len(site.source_ids) == 91


def test_a_posting_added_is_the_one_that_was_always_going_to_come(visit_at: Any) -> None:
    with (
        LinkedInSite(postings=30, today=TODAY) as grown,
        LinkedInSite(postings=40, today=TODAY) as full,
    ):
        grown.add(10)
        one, two = crawl(grown, visit_at), crawl(full, visit_at)
        assert list(one) == list(two)
        assert {key: p.title for key, p in one.items()} == {key: p.title for key, p in two.items()}


def test_more_than_there_is_cannot_be_taken(site: LinkedInSite) -> None:
    with pytest.raises(ValueError, match="96 postings are wanted and the site has 95"):
        site.close(96)


def test_postings_have_the_oddities_of_the_site(site: LinkedInSite, visit_at: Any) -> None:
    found = list(crawl(site, visit_at).values())
    raws = [str(posting.raw) for posting in found]
    assert any(raw.startswith("<a ") for raw in raws)
    assert any("screen-reader-text" in raw for raw in raws)
    assert any("result-benefits" in raw for raw in raws)
    assert any(posting.company_facts is None for posting in found)
    assert any(posting.posted_at is None for posting in found)
    assert any(posting.pay for posting in found)
    assert all(posting.company and posting.places for posting in found)


def test_some_pages_show_a_recruiter(site: LinkedInSite) -> None:
    pages = [page(site, "/jobs-guest/jobs/api/jobPosting/" + key) for key in site.source_ids]
    shown = sum('class="message-the-recruiter"' in text for text in pages)
    assert 15 < shown < 40
    assert any(person[0] in text for text in pages for person in RECRUITERS)
    assert any("people@practice.example" in text for text in pages)


def test_the_offset_has_the_sites_cap(site: LinkedInSite) -> None:
    for start in (1000, 5000):
        with pytest.raises(HTTPError) as raised:
            page(site, f"{LIST}?start={start}")
        assert raised.value.code == 400
        raised.value.close()
    assert page(site, f"{LIST}?start=990") == "<!DOCTYPE html>\n\n<!---->"


def test_a_whole_page_of_a_posting(site: LinkedInSite) -> None:
    (key,) = site.close(1)
    text = page(site, f"/jobs/view/{key}")
    assert "application/ld+json" in text
    assert "closed-job__flavor--closed" in text


def test_details_are_counted(site: LinkedInSite, visit: Any) -> None:
    posting = visit.pages(most=1)[0].postings[0]
    visit.details(posting)
    visit.details(posting)
    assert list(site.details_asked().values()) == [2]


def page(site: LinkedInSite, path: str) -> str:
    with urlopen(site.base_url + path) as answer:
        text: str = answer.read().decode()
    return text
