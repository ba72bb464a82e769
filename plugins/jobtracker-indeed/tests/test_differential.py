"""python-jobspy's own scraper and ours, on the same bytes from the same server.

Every posting is compared field by field. `DIFFERENCES` lists where the two disagree and why ours is
right; it is exact: another difference fails, and so does a listed one that no longer occurs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jobspy.indeed import Indeed as TheirIndeed
from jobspy.indeed.constant import country_codes
from jobspy.indeed.constant import headers as constant_headers
from jobspy.model import Country, DescriptionFormat, JobPost, JobType, ScraperInput
from msgspec import Struct

from jobtracker_core import Employment, Posting, Remote
from jobtracker_core.testing.practice import PracticeSite
from jobtracker_indeed import IndeedQuery, graphql
from jobtracker_indeed.practice import IndeedSite

INTERVALS = {
    "hourly": "hour",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "yearly": "year",
}


class Difference(Struct, frozen=True, kw_only=True):
    """Where the two disagree: in which input, in which field, of which postings, and why.

    `of` gets the site's own item, their value and ours.
    """

    source: str
    field: str
    of: Callable[[dict[str, Any], Any, Any], bool]
    why: str


def city_is_remote(raw: dict[str, Any], *_: Any) -> bool:
    return bool(raw["location"]["city"] == "Remote")


DIFFERENCES = (
    *(
        Difference(
            source=source,
            field="city",
            of=lambda raw, theirs, ours: city_is_remote(raw) and (theirs, ours) == ("Remote", None),
            why='"Remote" is no city; a map and a search by place would find it there',
        )
        for source in ("practice", "recordings")
    ),
    *(
        Difference(
            source=source,
            field="remote",
            of=lambda raw, theirs, ours: city_is_remote(raw) and (theirs, ours) == (False, True),
            why='work in the city "Remote" is remote, though the tag is missing',
        )
        for source in ("practice", "recordings")
    ),
    Difference(
        source="practice",
        field="industry",
        of=lambda _, theirs, ours: theirs == ours.title(),
        why="the site's own spelling is kept; theirs writes every word with a capital",
    ),
    Difference(
        source="practice",
        field="posting",
        of=lambda raw, theirs, _: theirs is None and raw["recruit"] is None,
        why="a posting without an address elsewhere is a posting; theirs drops it",
    ),
    Difference(
        source="london",
        field="posting",
        of=lambda raw, theirs, _: theirs is None and "dateOnIndeed" not in raw,
        why="what the answer lacks stays None; theirs drops the posting and reports no error",
    ),
)


def theirs(site: PracticeSite, country: Country, **words: Any) -> dict[str, JobPost]:
    scraper = TheirIndeed()
    scraper.api_url = f"{site.base_url}/graphql"
    wanted = ScraperInput.model_validate(
        {
            "country_indeed": country,
            "results_wanted": 1000,
            "description_format": DescriptionFormat.HTML,
            **words,
        }
    )
    try:
        posts = scraper.scrape(wanted)
    finally:
        scraper.session.close()
    assert scraper.error is None
    return {(post.id or "").removeprefix("in-"): post for post in posts}


def as_theirs(post: JobPost) -> dict[str, Any]:
    """Name their fields as ours; values that mean the same are made equal."""
    location = post.location
    assert location is not None
    country = location.country
    return {
        "url": post.job_url,
        "title": post.title,
        "company": post.company,
        "city": location.city,
        "region": location.state,
        "country": country_codes[country] if isinstance(country, Country) else country,
        "date": post.date_posted,
        "pay": (post.min_amount, post.max_amount, post.currency)
        if post.interval
        else (None, None, None),
        "interval": INTERVALS[post.interval.value] if post.interval else None,
        "remote": bool(post.is_remote),
        "employment": [kind.name for kind in post.job_type or ()],
        "apply_url": post.job_url_direct,
        "description": post.description,
        "profile_url": post.company_url,
        "homepage": post.company_url_direct,
        "logo_url": post.company_logo,
        "industry": post.company_industry,
        "size": post.company_num_employees,
        "headquarters": post.company_addresses,
        "about": post.company_description,
    }


def as_ours(posting: Posting) -> dict[str, Any]:
    (place,) = posting.places or (None,)
    pay, facts = posting.pay, posting.company_facts
    return {
        "url": posting.url,
        "title": posting.title,
        "company": posting.company,
        "city": place and place.city,
        "region": place and place.region,
        "country": place and place.country,
        "date": posting.posted_at and posting.posted_at.date(),
        "pay": (pay.min, pay.max, pay.currency) if pay else (None, None, None),
        "interval": pay and pay.interval,
        "remote": posting.remote is Remote.REMOTE,
        "employment": [kind.name for kind in posting.employment or ()],
        "apply_url": posting.apply_url,
        "description": posting.description,
        "profile_url": facts and facts.profile_url,
        "homepage": facts and facts.homepage,
        "logo_url": facts and facts.logo_url,
        "industry": facts and facts.industry,
        "size": facts and facts.size,
        "headquarters": facts and facts.headquarters,
        "about": facts and facts.description,
    }


def compare(
    ours: list[Posting], other: dict[str, JobPost]
) -> Iterator[tuple[str, dict[str, Any], Any, Any]]:
    """Yield every difference: field, the site's item, their value, ours."""
    assert not other.keys() - {posting.source_id for posting in ours}, "postings only they have"
    for posting in ours:
        assert isinstance(posting.raw, dict)
        post = other.get(posting.source_id)
        if post is None:
            yield "posting", posting.raw, None, posting
            continue
        mine, its = as_ours(posting), as_theirs(post)
        assert mine.keys() == its.keys()
        for field, value in mine.items():
            if value != its[field]:
                yield field, posting.raw, its[field], value


def judge(source: str, ours: list[Posting], other: dict[str, JobPost]) -> None:
    listed = [each for each in DIFFERENCES if each.source == source]
    used: Counter[int] = Counter()
    unlisted = []
    for field, raw, their_value, our_value in compare(ours, other):
        fitting = [
            index
            for index, each in enumerate(listed)
            if each.field == field and each.of(raw, their_value, our_value)
        ]
        used.update(fitting)
        if not fitting:
            unlisted.append((raw["key"], field, their_value, our_value))
    assert unlisted == []
    assert [each.why for index, each in enumerate(listed) if not used[index]] == []


@pytest.fixture
def ours(visit_at: Callable[[str], Any]) -> Callable[..., list[Posting]]:
    def collect(site: PracticeSite, country: str) -> list[Posting]:
        pages = visit_at(site.base_url).pages(IndeedQuery(country=country))
        return [posting for page in pages for posting in page.postings]

    return collect


def test_the_practice_site_is_read_alike(site: IndeedSite, ours: Any) -> None:
    found = ours(site, "US")
    assert len(found) == 330
    judge("practice", found, theirs(site, Country.USA))


def test_permanent_work_in_japan_is_read_alike(site: IndeedSite, ours: Any) -> None:
    found = ours(site, "JP")
    permanent = [p for p in found if {"key": "5QWDV"} in p.raw["attributes"]]
    assert permanent
    assert all("FULL_TIME" in as_ours(posting)["employment"] for posting in permanent)
    judge("practice", found, theirs(site, Country.JAPAN))


def test_the_recorded_pages_are_read_alike(recorded: Any, ours: Any) -> None:
    found = ours(recorded, "US")
    other = theirs(recorded, Country.USA)
    assert len(found) == len(other) == 97
    judge("recordings", found, other)


def test_they_drop_all_of_london(recorded: Any, ours: Any) -> None:
    recorded.always("graphql_jobSearch_gb_london_3jobs_2026-10-02.json")
    found = ours(recorded, "GB")
    other = theirs(recorded, Country.UK)
    assert (len(found), other) == (3, {})
    judge("london", found, other)


@pytest.mark.parametrize(
    ("their_words", "our_words"),
    [
        ({}, {}),
        ({"search_term": 'a "b" {c}\n'}, {"text": 'a "b" {c}\n'}),
        ({"location": "Zürich"}, {"location": "Zürich"}),
        ({"is_remote": True}, {"remote": ("remote",)}),
        ({"job_type": JobType.CONTRACT}, {"employment": (Employment.CONTRACT,)}),
        ({"job_type": JobType.FULL_TIME}, {"employment": (Employment.FULL_TIME,)}),
        ({"hours_old": 48}, {"posted_within_days": 2}),
        ({"easy_apply": True}, {"easy_apply": True}),
        (
            {"hours_old": 3, "job_type": JobType.PER_DIEM, "is_remote": True, "easy_apply": True},
            {
                "posted_within_hours": 3,
                "employment": (Employment.PER_DIEM,),
                "remote": ("remote",),
                "easy_apply": True,
            },
        ),
    ],
)
@pytest.mark.parametrize(
    ("country", "code"), [(Country.USA, "US"), (Country.JAPAN, "JP"), (Country.GERMANY, "DE")]
)
def test_the_same_is_asked_in_the_same_words(
    site: IndeedSite,
    visit: Any,
    their_words: dict[str, Any],
    our_words: dict[str, Any],
    country: Country,
    code: str,
) -> None:
    theirs(site, country, **their_words)
    their_request = site.requests[0]
    site.forget()
    visit.pages(IndeedQuery(country=code, **our_words), most=1)
    (our_request,) = site.requests
    asked = [json.loads(each.body)["query"] for each in (their_request, our_request)]
    assert graphql.read(asked[0]) == graphql.read(asked[1])
    for name in (*constant_headers, "indeed-co", "indeed-locale"):
        assert their_request.headers[name] == our_request.headers[name]


@pytest.mark.parametrize("field", ["title", "company", "pay", "date", "apply_url"])
def test_the_comparison_sees_a_difference(
    site: IndeedSite, ours: Any, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    found = ours(site, "US")
    other = theirs(site, Country.USA)
    altered = {key: {**as_theirs(post), field: object()} for key, post in other.items()}
    monkeypatch.setattr(f"{__name__}.as_theirs", lambda post: altered[post.id.removeprefix("in-")])
    with pytest.raises(AssertionError, match=field):
        judge("practice", found, other)


def test_the_table_must_not_list_what_does_not_occur(
    site: IndeedSite, ours: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle = Difference(source="practice", field="title", of=lambda *_: True, why="never occurs")
    monkeypatch.setattr(f"{__name__}.DIFFERENCES", (*DIFFERENCES, idle))
    with pytest.raises(AssertionError, match="never occurs"):
        judge("practice", ours(site, "US"), theirs(site, Country.USA))


def test_the_sources_of_the_table_are_tested() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert all(f'judge("{each.source}", ' in text for each in DIFFERENCES)
