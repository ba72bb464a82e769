"""The practice site keeps its promises: the other tests stand on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from jobtracker_core import Posting
from jobtracker_hiringcafe import HiringCafe, HiringCafeQuery
from jobtracker_hiringcafe.practice import HiringCafeSite

TODAY = date(2026, 9, 15)


def crawl(site: HiringCafeSite, visit_at: Callable[[str], Any]) -> dict[str, Posting]:
    pages = visit_at(site.base_url).pages()
    return {posting.source_id: posting for page in pages for posting in page.postings}


def test_equal_seeds_give_equal_sites(visit_at: Any) -> None:
    with (
        HiringCafeSite(seed=7, postings=60, today=TODAY) as one,
        HiringCafeSite(seed=7, postings=60, today=TODAY) as two,
        HiringCafeSite(seed=8, postings=60, today=TODAY) as other,
    ):
        assert crawl(one, visit_at) == crawl(two, visit_at)
        assert crawl(one, visit_at) != crawl(other, visit_at)


def test_any_number_of_postings(visit_at: Any) -> None:
    with HiringCafeSite(postings=1001, today=TODAY) as site:
        assert len(crawl(site, visit_at)) == 1001
    with HiringCafeSite(postings=0, today=TODAY) as site:
        assert crawl(site, visit_at) == {}


def test_changes_are_what_they_say(site: HiringCafeSite, visit_at: Any) -> None:
    before = crawl(site, visit_at)
    changed = site.change(9)
    after = crawl(site, visit_at)
    assert {key for key in before if before[key] != after[key]} == set(changed)
    assert len(set(changed)) == 9
    assert set(site.change(330)) == set(after)


def test_changes_are_of_several_kinds(site: HiringCafeSite, visit_at: Any) -> None:
    before = crawl(site, visit_at)
    changed = site.change(60)
    after = crawl(site, visit_at)
    kinds = {
        field
        for key in changed
        for field in ("title", "pay", "places")
        if getattr(before[key], field) != getattr(after[key], field)
    }
    assert kinds == {"title", "pay", "places"}


def test_new_postings_come_first_and_closed_ones_go(site: HiringCafeSite, visit_at: Any) -> None:
    before = list(crawl(site, visit_at))
    new = site.add(5)
    gone = site.close(7)
    after = list(crawl(site, visit_at))
    assert set(after) == (set(before) | set(new)) - set(gone)
    assert after[: len(set(new) - set(gone))] == [key for key in reversed(new) if key not in gone]
    assert len(site.object_ids) == 328


def test_more_than_there_is_cannot_be_taken(site: HiringCafeSite) -> None:
    with pytest.raises(ValueError, match="331 postings are wanted and the site has 330"):
        site.close(331)


def test_postings_have_the_oddities_of_the_site(site: HiringCafeSite, visit_at: Any) -> None:
    found = list(crawl(site, visit_at).values())
    assert any("/viewjob/" in posting.url for posting in found)
    assert any(posting.remote is None for posting in found)
    assert any(posting.pay is None for posting in found)
    assert any(posting.pay and posting.pay.currency is None for posting in found)
    assert any(posting.places and len(posting.places) > 1 for posting in found)
    assert len({posting.pay.interval for posting in found if posting.pay}) == 6
    assert len({posting.pay.kind for posting in found if posting.pay}) == 2
    private = [
        users
        for posting in found
        if isinstance(posting.raw, dict)
        for key, users in posting.raw["job_information"].items()
        if key in HiringCafe.info.private.json_keys and users
    ]
    assert private


def test_some_descriptions_hold_what_must_be_removed(site: HiringCafeSite, visit: Any) -> None:
    texts = [visit.details(posting).description for posting in visit.pages(most=1)[0].postings]
    assert any("jobs@" in text for text in texts)
    assert not all("jobs@" in text for text in texts)
    assert all("<script>" in text for text in texts)


def test_cut_places_fail_as_on_the_real_site(site: HiringCafeSite, visit: Any) -> None:
    whole = visit.collector._place(HiringCafeQuery(location="Porto"), visit.ctx)
    assert whole["address_components"]
    state = '{"locations": [{"types": ["locality"], "formatted_address": "Porto"}]}'
    build = site.build_id
    answer = visit.ctx.http.get(
        f"{site.base_url}/_next/data/{build}/index.json",
        params={"searchState": state, "page": "0"},
    )
    assert b"Failed to load jobs" in answer.content


def test_an_old_crawl_time_hides_postings(site: HiringCafeSite, visit: Any) -> None:
    week = visit.pages(HiringCafeQuery(posted_within_days=7))
    found = [posting for page in week for posting in page.postings]
    assert 0 < len(found) < 100
    days = [(TODAY - posting.posted_at.date()).days for posting in found if posting.posted_at]
    assert max(days) > 7  # found within seven days, published before: the core's business
