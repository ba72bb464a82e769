from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobtracker_core import BadQuery, Employment, FilterSupport
from jobtracker_core.contract.query import CommonQuery
from jobtracker_linkedin import LinkedIn, LinkedInQuery
from jobtracker_linkedin.practice import LinkedInSite

EVERYWHERE = {"location": "Worldwide"}


def asked(site: LinkedInSite) -> dict[str, str]:
    """The search of the last request."""
    query = dict(site.requests[-1].query)
    assert query.pop("start") == "0"
    return query


@pytest.mark.parametrize(
    ("query", "params"),
    [
        (LinkedInQuery(), {}),
        (LinkedInQuery(text='c++ & "go"'), {"keywords": 'c++ & "go"'}),
        (LinkedInQuery(posted_within_days=1), {"f_TPR": "r86400"}),
        (LinkedInQuery(posted_within_days=30), {"f_TPR": "r2592000"}),
        (LinkedInQuery(remote=("onsite",)), {"f_WT": "1"}),
        (LinkedInQuery(remote=("remote", "hybrid")), {"f_WT": "2,3"}),
        (
            LinkedInQuery(
                employment=(
                    *(Employment.FULL_TIME, Employment.PART_TIME, Employment.CONTRACT),
                    *(Employment.TEMPORARY, Employment.INTERNSHIP, Employment.VOLUNTEER),
                    Employment.OTHER,
                )
            ),
            {"f_JT": "F,P,C,T,I,V,O"},
        ),
        (
            LinkedInQuery(
                seniority=(
                    *("internship", "entry", "associate", "mid_senior", "director"),
                    "executive",
                )
            ),
            {"f_E": "1,2,3,4,5,6"},
        ),
        (LinkedInQuery(easy_apply=True), {"f_AL": "true"}),
        (LinkedInQuery(company_ids=(3, 8)), {"f_C": "3,8"}),
        (LinkedInQuery(min_pay=40_000), {"f_SB2": "1"}),
        (LinkedInQuery(min_pay=119_999), {"f_SB2": "4"}),
        (LinkedInQuery(min_pay=120_000), {"f_SB2": "5"}),
        (LinkedInQuery(min_pay=900_000), {"f_SB2": "7"}),
        (LinkedInQuery(sort="date"), {"sortBy": "DD"}),
        (LinkedInQuery(sort="relevance"), {}),
    ],
)
def test_words_become_the_sites_own(
    site: LinkedInSite, visit: Any, query: LinkedInQuery, params: dict[str, str]
) -> None:
    visit.pages(query, most=1)
    assert asked(site) == EVERYWHERE | params


@pytest.mark.parametrize(
    ("query", "params"),
    [
        (LinkedInQuery(location="Uppsala"), {"location": "Uppsala"}),
        (LinkedInQuery(geo_id=105117694), {"geoId": "105117694"}),
        (
            LinkedInQuery(location="Uppsala", distance_km=40),
            {"location": "Uppsala", "distance": "40"},
        ),
        (LinkedInQuery(geo_id=1, distance_km=40), {"geoId": "1", "distance": "40"}),
        (
            LinkedInQuery(location="Duluth, MN, United States", distance_km=40),
            {"location": "Duluth, MN, United States", "distance": "25"},
        ),
        (
            LinkedInQuery(location="New York, NY", distance_km=1),
            {"location": "New York, NY", "distance": "1"},
        ),
        (
            LinkedInQuery(location="Leeds, UK", distance_km=50),
            {"location": "Leeds, UK", "distance": "32"},
        ),
        # Delaware or Germany: the wider circle loses nothing.
        (
            LinkedInQuery(location="Berlin, DE", distance_km=40),
            {"location": "Berlin, DE", "distance": "40"},
        ),
    ],
)
def test_places_and_distances(
    site: LinkedInSite, visit: Any, query: LinkedInQuery, params: dict[str, str]
) -> None:
    visit.pages(query, most=1)
    assert asked(site) == params


def test_what_is_sent(site: LinkedInSite, visit: Any) -> None:
    posting = visit.pages(most=1)[0].postings[0]
    visit.details(posting)
    listed, detailed = site.requests
    assert listed.path == "/jobs-guest/jobs/api/seeMoreJobPostings/search"
    assert detailed.path == f"/jobs-guest/jobs/api/jobPosting/{posting.source_id}"
    for request in site.requests:
        assert request.headers["accept-language"].startswith("en-US")
        assert "text/html" in request.headers["accept"]


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        (LinkedInQuery(distance_km=10), "distance_km", "needs a place"),
        (LinkedInQuery(location="Leeds", geo_id=5), "geo_id", "one or the other"),
        (
            LinkedInQuery(employment=(Employment.CONTRACT, Employment.SEASONAL)),
            "employment",
            "no seasonal; it has full_time, part_time",
        ),
        (LinkedInQuery(employment=(Employment.PER_DIEM,)), "employment", "no per_diem"),
    ],
)
def test_what_cannot_be_asked_names_its_field(
    site: LinkedInSite, visit: Any, query: LinkedInQuery, field: str, words: str
) -> None:
    with pytest.raises(BadQuery, match=words) as raised:
        visit.pages(query)
    assert raised.value.field == field
    assert site.requests == []


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        (LinkedInQuery(text="engineer"), lambda p: "Engineer" in p.title),
        (LinkedInQuery(location="Norwich"), lambda p: "Norwich" in p.places[0].text),
        (LinkedInQuery(company_ids=(2,)), lambda p: p.company == "Kestrel & Moor"),
        (LinkedInQuery(employment=(Employment.FULL_TIME,)), None),
        (LinkedInQuery(seniority=("director",)), None),
        (LinkedInQuery(remote=("remote",)), None),
        (LinkedInQuery(easy_apply=True), None),
        (LinkedInQuery(min_pay=100_000), None),
    ],
)
def test_a_search_narrows(visit: Any, query: LinkedInQuery, holds: Any) -> None:
    found = [posting for page in visit.pages(query) for posting in page.postings]
    assert 0 < len(found) < 95
    assert holds is None or all(map(holds, found))


def test_a_window_narrows(visit: Any) -> None:
    found = [p for page in visit.pages(LinkedInQuery(posted_within_days=14)) for p in page.postings]
    assert 0 < len(found) < 95
    ages = [visit.ctx.now() - p.posted_at for p in found if p.posted_at]
    assert max(ages) < timedelta(days=15)


def test_every_common_word_is_applied_by_the_site() -> None:
    words = {*CommonQuery.__struct_fields__} - {"limit", "drop_unknown"}
    assert LinkedIn.info.filters == dict.fromkeys(words, FilterSupport.NATIVE)


def test_a_card_never_says_where_the_work_is_done(visit: Any) -> None:
    pages = visit.pages(LinkedInQuery(remote=("remote",)))
    found = [posting for page in pages for posting in page.postings]
    assert found
    assert {posting.remote for posting in found} == {None}


def test_the_canary_finds_something(visit: Any) -> None:
    probe = visit.collector.probe(visit.ctx)
    assert probe.ok
    assert probe.found > 0
