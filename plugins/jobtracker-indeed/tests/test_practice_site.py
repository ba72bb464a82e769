"""The practice site keeps its promises: the other tests stand on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.request import Request, urlopen

import pytest

from jobtracker_core import PayKind, Posting, Remote
from jobtracker_indeed import IndeedQuery
from jobtracker_indeed.facts import Facts
from jobtracker_indeed.graphql import NotGraphQL, Word, pick, read
from jobtracker_indeed.practice import IndeedSite

TODAY = date(2026, 9, 15)


def crawl(site: IndeedSite, visit_at: Callable[[str], Any], **query: Any) -> dict[str, Posting]:
    pages = visit_at(site.base_url).pages(IndeedQuery(**query))
    return {posting.source_id: posting for page in pages for posting in page.postings}


def ask(site: IndeedSite, text: str, **headers: str) -> dict[str, Any]:
    """Send a query's text; return what is wrong with it, as code and message."""
    told = {"indeed-api-key": "x", "indeed-co": "US", "indeed-locale": "en-US", **headers}
    body = json.dumps({"query": text}).encode()
    request = Request(f"{site.base_url}/graphql", data=body, headers=told)
    try:
        with urlopen(request) as answer:
            return json.load(answer)  # type: ignore[no-any-return]
    except OSError as error:
        return json.load(error)  # type: ignore[arg-type, no-any-return]


def test_equal_seeds_give_equal_sites(visit_at: Any) -> None:
    with (
        IndeedSite(seed=7, postings=60, today=TODAY) as one,
        IndeedSite(seed=7, postings=60, today=TODAY) as two,
        IndeedSite(seed=8, postings=60, today=TODAY) as other,
    ):
        assert crawl(one, visit_at) == crawl(two, visit_at)
        assert not crawl(one, visit_at).keys() & crawl(other, visit_at).keys()


def test_any_number_of_postings(visit_at: Any) -> None:
    with IndeedSite(postings=1001, today=TODAY) as site:
        assert len(crawl(site, visit_at)) == 1001
    with IndeedSite(postings=0, today=TODAY) as site:
        assert crawl(site, visit_at) == {}


def test_changes_are_what_they_say(site: IndeedSite, visit_at: Any) -> None:
    before = crawl(site, visit_at)
    changed = site.change(9)
    after = crawl(site, visit_at)
    assert {key for key in before if before[key] != after[key]} == set(changed)
    assert len(set(changed)) == 9
    assert set(site.change(330)) == set(after)


def test_changes_are_of_several_kinds(site: IndeedSite, visit_at: Any) -> None:
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


def test_new_postings_come_first_by_date(site: IndeedSite, visit_at: Any) -> None:
    before = list(crawl(site, visit_at, sort="date"))
    new = site.add(5)
    assert list(crawl(site, visit_at, sort="date")) == [*reversed(new), *before]
    assert list(crawl(site, visit_at)) != [*reversed(new), *before]


def test_more_than_there_is_cannot_be_changed(site: IndeedSite) -> None:
    with pytest.raises(ValueError, match="331 postings are wanted and the site has 330"):
        site.change(331)


def test_postings_have_the_oddities_of_the_site(site: IndeedSite, visit_at: Any) -> None:
    found = list(crawl(site, visit_at).values())
    assert any(posting.company is None for posting in found)
    assert any(posting.company_facts is None for posting in found)
    assert any(posting.apply_url is None for posting in found)
    assert any(posting.pay is None for posting in found)
    pays = [posting.pay for posting in found if posting.pay]
    assert {pay.kind for pay in pays} == {PayKind.STATED, PayKind.ESTIMATED}
    assert len({pay.interval for pay in pays}) == 5
    assert {(pay.min is None, pay.max is None) for pay in pays} == {
        (False, False),
        (False, True),
        (True, False),
    }
    assert {posting.remote for posting in found} == {Remote.REMOTE, Remote.HYBRID, None}
    cityless = [p for p in found if p.places and p.places[0].city is None]
    assert all(p.remote is Remote.REMOTE for p in cityless)
    raws: list[Any] = [posting.raw for posting in found]
    assert any(raw["recruit"] is None for raw in raws)
    assert any("apply.indeed.com" in str(raw["recruit"]) for raw in raws)
    assert any(len({a["key"] for a in raw["attributes"]}) < len(raw["attributes"]) for raw in raws)
    assert any("jobs@" in (posting.description or "") for posting in found)


def test_it_answers_what_is_selected(site: IndeedSite) -> None:
    selected = "trackingKey job { key expired datePublished dateOnIndeed location { latitude } }"
    text = f"{{ jobSearch(limit: 100, sort: DATE) {{ results {{ {selected} }} }} }}"
    (first, *rest) = ask(site, f"query {text}")["data"]["jobSearch"]["results"]
    assert set(first) == {"trackingKey", "job"}
    assert set(first["job"]) == {"key", "expired", "datePublished", "dateOnIndeed", "location"}
    jobs = [each["job"] for each in (first, *rest)]
    assert {job["expired"] for job in jobs} == {True, False}
    ages = [job["dateOnIndeed"] - job["datePublished"] for job in jobs]
    assert max(ages) > 2 * 365 * 86_400_000
    assert any(job["location"] == {"latitude": 25.0} for job in jobs)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        ("sort: RELEVANCE", "sort: POPULARITY", "BAD_USER_INPUT"),
        ("sort: RELEVANCE", 'sort: "RELEVANCE"', "BAD_USER_INPUT"),
        ("limit: 100", "limit: 101", "BAD_USER_INPUT"),
        ("limit: 100", 'limit: "100"', "BAD_USER_INPUT"),
        ("limit: 100", "limit: 100 what: 5", "BAD_USER_INPUT"),
        ("limit: 100", "limit: 100 colour: RED", "BAD_USER_INPUT"),
        ("limit: 100", 'limit: 100 cursor: "b2gh"', "BAD_USER_INPUT"),
        ("limit: 100", 'limit: 100 cursor: "?"', "BAD_USER_INPUT"),
        ("limit: 100", 'limit: 100 location: {where: "Leeds"}', "BAD_USER_INPUT"),
        (
            "limit: 100",
            'limit: 100 location: {where: "Leeds", radius: 5, radiusUnit: KM}',
            "BAD_USER_INPUT",
        ),
        ("limit: 100", "limit: 100 filters: [{ salary: 5 }]", "BAD_USER_INPUT"),
        (
            "limit: 100",
            'limit: 100 filters: [{ date: { field: "dateOnIndeed", start: "2d" } }]',
            "BAD_USER_INPUT",
        ),
        (
            "limit: 100",
            'limit: 100 filters: [{ keyword: { field: "attributes", keys: [], match: MUST } }]',
            "BAD_USER_INPUT",
        ),
        ("jobSearch(", "jobData(", "BAD_USER_INPUT"),
        ("nextCursor", "followingCursor", "GRAPHQL_VALIDATION_FAILED"),
        ("limit: 100", "limit: 100 limit: 100", "GRAPHQL_VALIDATION_FAILED"),
        ("limit: 100", "limit 100", "GRAPHQL_VALIDATION_FAILED"),
        ("limit: 100", "limit: %", "GRAPHQL_VALIDATION_FAILED"),
        ("query GetJobData {", "query GetJobData", "GRAPHQL_VALIDATION_FAILED"),
        ("query GetJobData", "mutation GetJobData", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_text_it_does_not_understand_is_an_error(
    site: IndeedSite, known: Facts, before: str, after: str, code: str
) -> None:
    text = known.query.format(what="", location="", limit=100, cursor="", filters="")
    assert len(ask(site, text)["data"]["jobSearch"]["results"]) == 100
    assert text.count(before) == 1
    answer = ask(site, text.replace(before, after))
    assert answer["data"] is None
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    assert answer["errors"][0]["message"]


def test_it_wants_a_key_a_country_and_its_own_path(site: IndeedSite) -> None:
    assert "UNAUTHENTICATED" in str(ask(site, "", **{"indeed-api-key": ""}))
    text = "query { jobSearch(limit: 1, sort: DATE) { pageInfo { nextCursor } } }"
    assert "en-US" in str(ask(site, text, **{"indeed-co": "GB"})["errors"])
    with pytest.raises(OSError, match="404"):
        urlopen(f"{site.base_url}/graphql")


def test_reading_a_query() -> None:
    text = """query A { # a remark
        f(a: "x\\"y", b: -5, c: [RED {d: null}]) { g ... on T { h } } i }"""
    f, i = read(text)
    assert f.arguments == {"a": 'x"y', "b": -5, "c": [Word("RED"), {"d": Word("null")}]}  # type: ignore[union-attr]
    (g, fragment) = f.selected
    assert (g.name, fragment.type, i.selected) == ("g", "T", ())  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "query {}",
        "query { a",
        "query { a } b",
        "query { a(b: ) }",
        'query { a(b: "\\q") }',
        "{",
    ],
)
def test_what_is_no_query(text: str) -> None:
    with pytest.raises(NotGraphQL):
        read(text)


def test_picking_fields() -> None:
    selected = read("query { a { b ... on T { c } ... on U { nothing } } }")
    value = {"a": [{"__typename": "T", "b": 1, "c": 2, "d": 3}, None]}
    assert pick(value, selected, where="Query") == {"a": [{"b": 1, "c": 2}, None]}
    with pytest.raises(NotGraphQL, match=r'"b" on Query\.a'):
        pick({"a": {}}, selected, where="Query")
    with pytest.raises(NotGraphQL, match="has no fields"):
        pick({"a": 5}, selected, where="Query")
    with pytest.raises(NotGraphQL, match="needs fields"):
        pick({"a": {}}, read("query { a }"), where="Query")
