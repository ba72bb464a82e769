"""Glassdoor, whose addresses are fixed: through a proxy that ends the encryption."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jobtracker_core.testing.practice import Reply, Seen
from jobtracker_jobspy.query import GlassdoorQuery
from jobtracker_jobspy.sites import Glassdoor, ZipRecruiter

HOST = "www.glassdoor.co.uk"


def listing(number: int) -> dict[str, Any]:
    """An invented posting as Glassdoor writes it."""
    return {
        "jobview": {
            "header": {
                "adOrderSponsorshipLevel": "ORGANIC",
                "ageInDays": 3,
                "employer": {"id": 7},
                "employerNameFromSearch": "Tin Whistle Works",
                "jobTypeKeys": ["x.fulltime"],
                "locationName": "Leeds, England",
                "locationType": "C",
                "payCurrency": "GBP",
                "payPeriod": "ANNUAL",
                "payPeriodAdjustedPay": {"p10": 30_000, "p90": 40_000.126},
                "remoteWorkTypes": ["WORK_FROM_HOME"] if number % 2 else None,
            },
            "job": {"jobTitleText": f"Organ Builder {number}", "listingId": number},
            "map": {"country": "United Kingdom"},
            "overview": {"size": "11 to 50", "website": "tinwhistle.example"},
        }
    }


class Site:
    """Answers as Glassdoor: some pages of 100, and descriptions."""

    def __init__(self, postings: int, broken_from: int | None = None) -> None:
        self.postings = postings
        self.broken_from = broken_from
        self.places: Any = [{"locationId": 5, "locationType": "C"}]

    def __call__(self, request: Seen) -> Reply:
        if request.path == "/autocomplete/location":
            return Reply.json(self.places)
        (asked,) = json.loads(request.body)
        if asked["operationName"] == "JobDetails":
            ids = [alias.split(":")[0] for alias in asked["query"].split("\n    j")[1:]]
            views = {f"j{job_id}": {"job": {"description": f"<p>{job_id}</p>"}} for job_id in ids}
            return Reply.json([{"data": views}])
        page = asked["variables"]["pageNumber"]
        if self.broken_from is not None and page >= self.broken_from:
            return Reply.json([{"errors": [{"message": "odd"}], "data": None}])
        start = (page - 1) * 100
        more = start + 100 < self.postings
        found = {
            "jobListings": [listing(1 + n) for n in range(start, min(start + 100, self.postings))],
            "paginationCursors": [{"cursor": f"c{page}", "pageNumber": page + 1}] if more else [],
        }
        return Reply.json([{"data": {"jobListings": found}}])


@pytest.fixture
def visit(run: Any, intercept: Any, ca_cert: str) -> Callable[..., Any]:
    def visit_(answer: Any, **words: Any) -> tuple[Any, Any]:
        proxy = intercept(answer)
        query = GlassdoorQuery(country="GB", **words)
        return proxy, run(Glassdoor, query=query, proxy=proxy.url, ca_cert=ca_cert)

    return visit_


def test_all_of_a_search_in_one_call(visit: Any) -> None:
    proxy, ran = visit(Site(130))
    assert ran.end == ("succeeded", None), ran.message
    assert len(ran.host.batches) == 1
    assert {host for host, _, _ in proxy.asked} == {HOST}
    assert [path for _, _, path in proxy.asked].count("/graph") == 2 + 4 + 2
    records = ran.host.listed
    assert len(records) == 130
    first = records["1"]
    assert first.url == f"https://{HOST}/job-listing/j?jl=1"
    assert (first.title, first.company) == ("Organ Builder 1", "Tin Whistle Works")
    assert first.description == "<p>1</p>"
    assert (first.remote, records["2"].remote) == ("remote", None)
    assert (first.pay.min, first.pay.max, first.pay.kind) == (30_000, 40_000.13, "estimated")
    assert first.posted_precision == "estimated"
    assert first.places[0].country == "GB"
    assert ran.clock.monotonic() == 5.0  # between two pages, where python-jobspy does not wait


def test_an_unknown_place_is_a_bad_query(visit: Any) -> None:
    site = Site(3)
    site.places = []
    _, ran = visit(site, location="Atlantis")
    assert ran.end == ("failed", "validation")
    assert ran.message.startswith("location: location 'Atlantis' not found; write it as")


def test_postings_before_an_unreadable_page_are_kept(visit: Any) -> None:
    _, ran = visit(Site(300, broken_from=2), descriptions=False)
    assert ran.end == ("partial", "parse")
    assert len(ran.host.listed) == 100
    assert "API error: [{'message': 'odd'}]" in ran.message


def test_an_unreadable_first_page_fails(visit: Any) -> None:
    _, ran = visit(Site(300, broken_from=1))
    assert ran.end == ("failed", "parse")


def test_a_strange_certificate_is_not_trusted(run: Any, intercept: Any) -> None:
    proxy = intercept(Site(3))
    ran = run(Glassdoor, query=GlassdoorQuery(country="GB"), proxy=proxy.url)
    assert ran.end == ("failed", "tls")
    assert proxy.asked == []


def test_another_address_is_refused_and_the_other_way_named(run: Any) -> None:
    ran = run(Glassdoor, "http://127.0.0.1:9")
    assert ran.end == ("failed", "config")
    assert "base_url: python-jobspy fixes the addresses of Glassdoor" in ran.message
    assert "ca_cert" in ran.message


def test_the_recorded_page_for_humans_only(visit: Any, recordings: Any) -> None:
    page = (recordings / "glassdoor_humans-only_2026-07.html").read_text()
    proxy, ran = visit(lambda _: Reply.html(page, status=403), text="engineer")
    assert ran.end == ("partial", "blocked")
    assert len(proxy.asked) == 1
    _, ran = visit(lambda _: Reply.html(page), location="Leeds")
    assert ran.end == ("failed", "decode")


@pytest.mark.parametrize(
    "name", ["ziprecruiter_api_403_cf-waf.json", "ziprecruiter_cloudflare_2025-08.html"]
)
def test_the_recorded_refusals_of_ziprecruiter(
    name: str, run: Any, serve: Any, recordings: Any, intercept: Any, ca_cert: str
) -> None:
    body = (recordings / name).read_bytes()
    site = serve(lambda _: Reply(status=403, body=body, content_type="text/html"))
    assert run(ZipRecruiter, site.base_url).end == ("partial", "blocked")
    proxy = intercept(lambda _: Reply(status=403, body=body, content_type="text/html"))
    ran = run(ZipRecruiter, proxy=proxy.url, ca_cert=ca_cert)
    assert ran.end == ("partial", "blocked")
    assert proxy.asked == [("www.ziprecruiter.com", "GET", "/jobs-search")]
