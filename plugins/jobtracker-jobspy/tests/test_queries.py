"""From a query to python-jobspy's words."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from jobspy.model import JobType, ScraperInput

from jobtracker_core import BadQuery, Employment
from jobtracker_core.plugins import forms
from jobtracker_core.testing.practice import Reply
from jobtracker_jobspy import library
from jobtracker_jobspy.query import (
    JOB_TYPES,
    EasyApplyQuery,
    GlassdoorQuery,
    JobspyQuery,
    JobspySettings,
    words,
)
from jobtracker_jobspy.sites import COLLECTORS, Bayt, Glassdoor, Google, HelloWork, Naukri

ALL = tuple(Employment)


def test_every_word_is_passed_on() -> None:
    query = GlassdoorQuery(
        text="organ builder",
        location="Leeds",
        distance_km=80,
        remote=("remote",),
        employment=(Employment.PART_TIME,),
        posted_within_days=3,
        country="GB",
        easy_apply=True,
    )
    assert words(query, kinds=ALL, distance=True) == {
        "search_term": "organ builder",
        "location": "Leeds",
        "distance": 50,
        "is_remote": True,
        "job_type": "parttime",
        "hours_old": 72,
        "country_indeed": "uk",
        "easy_apply": True,
        "fetch_description": True,
    }


def test_a_bare_query_asks_for_nothing_special() -> None:
    asked = ScraperInput.model_validate(words(EasyApplyQuery(), kinds=ALL, distance=True))
    assert asked == ScraperInput.model_validate({})


def test_a_short_distance_is_not_none() -> None:
    query = JobspyQuery(location="Lyon", distance_km=1)
    assert words(query, kinds=ALL, distance=True)["distance"] == 1
    assert "distance" not in words(query, kinds=ALL, distance=False)


def test_a_distance_needs_a_place() -> None:
    with pytest.raises(BadQuery, match="distance_km: a distance needs a location"):
        words(JobspyQuery(distance_km=5), kinds=ALL, distance=True)


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda c: c.info.name)
def test_kinds_that_a_site_lacks_are_refused(collector: Any) -> None:
    for kind in set(Employment) - set(collector.kinds):
        query = collector.info.query(employment=(kind,))
        with pytest.raises(BadQuery, match=f"employment: {kind.value} cannot be asked for here"):
            words(query, kinds=collector.kinds, distance=True)


@pytest.mark.parametrize(
    "collector", [c for c in COLLECTORS if c is not Google], ids=lambda c: c.info.name
)
def test_kinds_that_a_site_has_are_those_that_python_jobspy_does_not_warn_of(
    collector: Any, serve: Any, intercept: Any, ca_cert: str
) -> None:
    proxy = intercept(lambda _: Reply.json([{"locationId": 1, "locationType": "C"}]))
    taken = set()
    for kind in JobType:
        scraper = library.scraper(collector.board.scraper)
        scraper.scrape(
            ScraperInput.model_validate(
                {"job_type": kind, "proxies": [proxy.url], "ca_cert": ca_cert, "results_wanted": 1}
            )
        )
        if not scraper.warnings:
            taken.add(kind.value)
    assert {JOB_TYPES[kind] for kind in collector.kinds} == taken


@pytest.mark.parametrize("collector", COLLECTORS, ids=lambda c: c.info.name)
def test_the_query_makes_a_form(collector: Any) -> None:
    fields = {field.name: field for field in forms.fields(collector.info.query)}
    assert fields["remote"].choices == ("remote",)
    assert fields["descriptions"].default is (collector is Glassdoor)
    assert ("easy_apply" in fields) == (collector.info.query is not JobspyQuery)
    assert forms.fill(collector.info.query, {"remote": ["remote"], "employment": ["contract"]})


@pytest.mark.parametrize(
    "values", [{"remote": ["hybrid"]}, {"employment": ["contract", "full_time"]}, {"country": "GB"}]
)
def test_what_python_jobspy_cannot_ask_for_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(values, JobspyQuery)


def test_sites_without_a_radius_say_so(run: Any, serve: Any) -> None:
    site = serve(lambda _: Reply.json({"noOfJobs": 0}))
    ran = run(Naukri, site.base_url, EasyApplyQuery(location="Pune", distance_km=5))
    support = {use.word: use.support for use in ran.result.filters}
    assert support == {"location": "native", "distance_km": "ignored"}


def test_only_some_sites_have_a_radius() -> None:
    having = {c.info.name for c in COLLECTORS if "distance_km" in c.info.filters}
    assert having == {c.info.name for c in COLLECTORS if getattr(c, "distance", False)}
    assert having == {"glassdoor", "ziprecruiter", "hellowork"}


def test_bayt_asks_for_more_at_once_where_each_call_is_dear() -> None:
    bayt = Bayt(JobspySettings())
    assert bayt.portion(EasyApplyQuery()) == 30
    assert bayt.portion(EasyApplyQuery(remote=("remote",))) == 300
    assert bayt.portion(EasyApplyQuery(descriptions=True)) == 10
    assert bayt.portion(EasyApplyQuery(remote=("remote",), descriptions=True)) == 30
    assert HelloWork(JobspySettings()).portion(JobspyQuery(remote=("remote",))) == 30


def test_google_needs_a_text(run: Any) -> None:
    assert run(Google).end == ("failed", "validation")
