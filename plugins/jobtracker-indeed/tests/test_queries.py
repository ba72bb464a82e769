"""The text that is sent."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest

from jobtracker_core import BadQuery, CommonQuery, Employment, FilterSupport
from jobtracker_indeed import Indeed, IndeedQuery
from jobtracker_indeed.facts import Facts
from jobtracker_indeed.graphql import Field, Word, read
from jobtracker_indeed.practice import IndeedSite
from jobtracker_indeed.query import prepare


def tag(key: str, **match: Word) -> dict[str, Any]:
    return {"keyword": {"field": "attributes", "keys": [key], **match}}


def either(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"composite": {"filters": list(filters), "operation": Word("OR")}}


NOT = {"match": Word("MUST_NOT")}
PLAIN = {"limit": 100, "sort": Word("RELEVANCE")}
REMOTE, HYBRID = "DSQF7", "PAXZC"


def arguments(query: IndeedQuery, known: Facts) -> dict[str, Any]:
    (field,) = read(prepare(query, known).at(None))
    assert isinstance(field, Field)
    return field.arguments


@pytest.mark.parametrize(
    ("query", "added"),
    [
        (IndeedQuery(), {}),
        (IndeedQuery(text="data engineer"), {"what": "data engineer"}),
        (IndeedQuery(text='c++ "go" \\ {x}\n日本'), {"what": 'c++ "go" \\ {x}\n日本'}),
        (IndeedQuery(limit=20), {"limit": 20}),
        (IndeedQuery(limit=101), {"limit": 100}),
        (IndeedQuery(sort="relevance"), {}),
        (IndeedQuery(sort="date"), {"sort": Word("DATE")}),
        (
            IndeedQuery(location='"Zürich"'),
            {"location": {"where": '"Zürich"', "radius": 50, "radiusUnit": Word("MILES")}},
        ),
        (
            IndeedQuery(location="Leeds", distance_km=40),
            {"location": {"where": "Leeds", "radius": 25, "radiusUnit": Word("MILES")}},
        ),
        (
            IndeedQuery(location="Leeds", distance_km=1),
            {"location": {"where": "Leeds", "radius": 1, "radiusUnit": Word("MILES")}},
        ),
    ],
)
def test_words_become_arguments(known: Facts, query: IndeedQuery, added: dict[str, Any]) -> None:
    assert arguments(query, known) == {**PLAIN, **added}


@pytest.mark.parametrize(
    ("query", "filters"),
    [
        (IndeedQuery(posted_within_days=2), [{"date": {"field": "dateOnIndeed", "start": "48h"}}]),
        (IndeedQuery(posted_within_hours=5), [{"date": {"field": "dateOnIndeed", "start": "5h"}}]),
        (
            IndeedQuery(easy_apply=True),
            [{"keyword": {"field": "indeedApplyScope", "keys": ["DESKTOP"]}}],
        ),
        (IndeedQuery(employment=(Employment.PART_TIME,)), [tag("75GKK")]),
        (
            IndeedQuery(employment=(Employment.CONTRACT, Employment.INTERNSHIP)),
            [either(tag("NJXCK"), tag("T9BXE"), tag("T65DZ"), tag("VDTG7"))],
        ),
        (IndeedQuery(employment=(Employment.FULL_TIME,)), [tag("CF3CP")]),
        (
            IndeedQuery(employment=(Employment.FULL_TIME,), country="JP"),
            [either(tag("CF3CP"), tag("5QWDV"))],
        ),
        (IndeedQuery(remote=("remote",)), [tag(REMOTE), tag(HYBRID, **NOT)]),
        (IndeedQuery(remote=("hybrid",)), [tag(HYBRID)]),
        (IndeedQuery(remote=("onsite",)), [tag(REMOTE, **NOT), tag(HYBRID, **NOT)]),
        (IndeedQuery(remote=("remote", "hybrid")), [either(tag(REMOTE), tag(HYBRID))]),
        (IndeedQuery(remote=("onsite", "hybrid")), [either(tag(HYBRID), tag(REMOTE, **NOT))]),
        (IndeedQuery(remote=("onsite", "remote")), [tag(HYBRID, **NOT)]),
    ],
)
def test_words_become_filters(
    known: Facts, query: IndeedQuery, filters: list[dict[str, Any]]
) -> None:
    assert arguments(query, known) == {**PLAIN, "filters": filters}


def test_all_workplaces_are_no_filter(known: Facts) -> None:
    assert arguments(IndeedQuery(remote=("remote", "onsite", "hybrid")), known) == PLAIN


def test_filters_combine(known: Facts) -> None:
    query = IndeedQuery(
        posted_within_days=1,
        employment=(Employment.PART_TIME,),
        remote=("hybrid",),
        easy_apply=True,
    )
    kinds = [next(iter(each)) for each in arguments(query, known)["filters"]]
    assert kinds == ["date", "keyword", "keyword", "keyword"]


@pytest.mark.parametrize("kind", [Employment.SEASONAL, Employment.OTHER])
def test_kinds_of_employment_that_indeed_lacks(known: Facts, kind: Employment) -> None:
    with pytest.raises(BadQuery, match=f"Indeed has no {kind.value}; it has full_time") as raised:
        prepare(IndeedQuery(employment=(Employment.CONTRACT, kind)), known)
    assert raised.value.field == "employment"


def test_every_kind_that_it_says_it_has_is_taken(known: Facts) -> None:
    kinds = tuple(known.employment)
    assert len(kinds) == 7
    for kind in kinds:
        assert arguments(IndeedQuery(employment=(kind,)), known)["filters"]


@pytest.mark.parametrize("code", ["XX", "EN", "UK"])
def test_an_unknown_country_is_named_with_the_known_ones(known: Facts, code: str) -> None:
    with pytest.raises(BadQuery, match=rf"{code} has no Indeed.* GB, .*is GB\)") as raised:
        prepare(IndeedQuery(country=code), known)
    assert raised.value.field == "country"


def test_a_distance_needs_a_place(known: Facts) -> None:
    with pytest.raises(BadQuery, match="needs a location") as raised:
        prepare(IndeedQuery(distance_km=10), known)
    assert raised.value.field == "distance_km"


def test_days_and_hours_exclude_each_other(known: Facts) -> None:
    with pytest.raises(BadQuery, match="not both") as raised:
        prepare(IndeedQuery(posted_within_days=1, posted_within_hours=3), known)
    assert raised.value.field == "posted_within_hours"


@pytest.mark.parametrize(
    ("query", "country", "locale", "address"),
    [
        (IndeedQuery(), "US", "en-US", "https://www.indeed.com"),
        (IndeedQuery(country="de"), "DE", "de-DE", "https://de.indeed.com"),
        (IndeedQuery(country="DE", language="en"), "DE", "en-DE", "https://de.indeed.com"),
        (IndeedQuery(country="GB"), "GB", "en-GB", "https://uk.indeed.com"),
        (IndeedQuery(country="MY"), "MY", "en-MY", "https://malaysia.indeed.com"),
    ],
)
def test_the_country_decides_headers_and_links(
    known: Facts, query: IndeedQuery, country: str, locale: str, address: str
) -> None:
    search = prepare(query, known)
    assert (search.headers["indeed-co"], search.headers["indeed-locale"]) == (country, locale)
    assert search.edition.site == address


def test_every_country_of_the_table_can_be_asked(known: Facts) -> None:
    for code in known.domains:
        assert prepare(IndeedQuery(country=code), known).edition.site.endswith(".indeed.com")


def test_the_sort_order_is_all_that_is_changed_in_the_text(known: Facts) -> None:
    by_date = prepare(IndeedQuery(sort="date"), known).at(None)
    assert by_date.replace("sort: DATE", "sort: RELEVANCE") == prepare(IndeedQuery(), known).at(
        None
    )


def test_the_cursor_is_put_in_as_a_string(known: Facts) -> None:
    search = prepare(IndeedQuery(text="x"), known)
    (field,) = read(search.at('a"b\\'))
    assert isinstance(field, Field)
    assert field.arguments["cursor"] == 'a"b\\'


def test_what_goes_over_the_wire(site: IndeedSite, visit: Any, known: Facts) -> None:
    visit.pages(most=2)
    first, second = site.requests
    assert (first.method, first.path, first.query) == ("POST", "/graphql", {})
    for name, value in known.headers.items():
        assert first.headers[name.lower()] == value
    assert (first.headers["indeed-co"], first.headers["indeed-locale"]) == ("US", "en-US")
    assert not [name for name in first.headers if name.startswith("sec-")]
    body = json.loads(second.body)
    assert list(body) == ["query"]
    assert re.search(r'cursor: "[\w=-]+"', body["query"])
    assert "cursor:" not in json.loads(first.body)["query"]


def test_filters_are_declared_for_every_common_word() -> None:
    common = set(CommonQuery.__struct_fields__) - {"limit", "drop_unknown"}
    assert set(Indeed.info.filters) == common
    assert set(Indeed.info.filters.values()) == {FilterSupport.NATIVE}


# -- what the site makes of it


def found(visit: Any, **query: Any) -> list[dict[str, Any]]:
    pages = visit.pages(msgspec.convert(query, IndeedQuery))
    return [posting.raw for page in pages for posting in page.postings]


def keys(job: dict[str, Any]) -> set[str]:
    return {attribute["key"] for attribute in job["attributes"]}


@pytest.mark.parametrize(
    ("remote", "fits"),
    [
        (["remote"], lambda tags: REMOTE in tags and HYBRID not in tags),
        (["hybrid"], lambda tags: HYBRID in tags),
        (["onsite"], lambda tags: not tags & {REMOTE, HYBRID}),
        (["remote", "hybrid"], lambda tags: bool(tags & {REMOTE, HYBRID})),
        (["onsite", "hybrid"], lambda tags: HYBRID in tags or REMOTE not in tags),
        (["onsite", "remote"], lambda tags: HYBRID not in tags),
    ],
)
def test_workplaces_are_told_apart(visit: Any, remote: list[str], fits: Any) -> None:
    everything = {job["key"]: fits(keys(job)) for job in found(visit)}
    assert {job["key"] for job in found(visit, remote=remote)} == {
        key for key, fit in everything.items() if fit
    }
    assert 0 < sum(everything.values()) < len(everything)


def test_several_kinds_of_employment_are_any_of_them(visit: Any) -> None:
    jobs = found(visit, employment=["part_time", "temporary"])
    assert jobs
    assert all(keys(job) & {"75GKK", "4HKF7", "CJWTS"} for job in jobs)


def test_egypt_is_a_town_in_arkansas(visit: Any) -> None:
    jobs = found(visit, location="Egypt", distance_km=10)
    assert {job["location"]["countryCode"] for job in jobs} == {"US"}
    assert {job["location"]["city"] for job in jobs} <= {"Egypt", "Remote"}


def test_the_last_two_days_in_order(visit: Any) -> None:
    jobs = found(visit, posted_within_days=5, sort="date")
    dates = [job["dateOnIndeed"] for job in jobs]
    assert 3 < len(dates) < 40
    assert dates == sorted(dates, reverse=True)


def test_odd_texts_arrive_whole(visit: Any) -> None:
    assert found(visit, text='"engineer') == []
    assert found(visit, text="ENGINEER data") != []
