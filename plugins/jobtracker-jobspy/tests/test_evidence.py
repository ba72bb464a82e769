"""Nothing, with status 200, is a success only where the site says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jobtracker_core.testing.practice import Reply, Seen
from jobtracker_jobspy.evidence import doubt
from jobtracker_jobspy.practice import BDJobsSite, HelloWorkSite
from jobtracker_jobspy.sites import Bayt, BDJobs, HelloWork, Naukri

CARD = '<li data-js-job data-job-id="1"><h2><a href="/en/job/1/">Organ Builder</a></h2></li>'
BDJOBS = {"data": [], "premiumData": [], "common": {"totalpages": 1}}
PARSE, BLOCKED, LIMITED = ("failed", "parse"), ("partial", "blocked"), ("partial", "http_429")
NO_PAGES = (
    ("", PARSE),
    ('{"error":"rate limit"}', LIMITED),
    ("<html><title>Log in</title><form></form></html>", PARSE),
    ("<html><body>Please verify you are human.</body></html>", BLOCKED),
)


def canary_or(canary: Any, body: str) -> Any:
    """Serve the canary search as ever, and every search for "zzz" with a body."""

    def answer(request: Seen) -> Reply:
        asked = f"{request.path} {request.query}"
        return Reply.html(body) if "zzz" in asked else canary(request)

    return answer


@pytest.mark.parametrize(("body", "end"), NO_PAGES)
def test_no_page_of_bayt_is_no_empty_list(
    body: str, end: tuple[str, str], run: Any, serve: Any
) -> None:
    site = serve(canary_or(lambda _: Reply.html(CARD), body))
    ran = run(Bayt, site.base_url, Bayt.info.query(text="zzz"))
    assert ran.end == end, ran.message


@pytest.mark.parametrize(("body", "end"), NO_PAGES)
def test_no_page_of_hellowork_is_no_empty_list(
    body: str, end: tuple[str, str], run: Any, serve: Any, hellowork: HelloWorkSite
) -> None:
    site = serve(canary_or(hellowork.answer, body))
    ran = run(HelloWork, site.base_url, HelloWork.info.query(text="zzz"))
    assert ran.end == end, ran.message


@pytest.mark.parametrize(
    ("altered", "end"),
    [
        ({"common": {"totalpages": 7}}, PARSE),
        ({"statuscode": "429"}, LIMITED),
        ({"statuscode": 403}, BLOCKED),
        ({"error": "no"}, PARSE),
    ],
)
def test_a_refusal_of_bdjobs_is_no_empty_list(
    altered: dict[str, Any], end: tuple[str, str], run: Any, serve: Any, bdjobs: BDJobsSite
) -> None:
    site = serve(canary_or(bdjobs.answer, json.dumps(BDJOBS | altered)))
    ran = run(BDJobs, site.base_url, BDJobs.info.query(text="zzz"))
    assert ran.end == end, ran.message


@pytest.mark.parametrize(
    ("body", "end"),
    [
        ({"noOfJobs": 300, "jobDetails": []}, PARSE),
        ({"noOfJobs": 300, "jobDetails": None}, PARSE),
        ({"noOfJobs": 0, "statusCode": 429, "message": "slow down"}, LIMITED),
        ({"noOfJobs": 0, "statusCode": 429, "message": "recaptcha required"}, BLOCKED),
    ],
)
def test_a_refusal_of_naukri_is_no_empty_list(
    body: dict[str, Any], end: tuple[str, str], run: Any, serve: Any
) -> None:
    site = serve(lambda _: Reply.json(body))
    ran = run(Naukri, site.base_url, Naukri.info.query(text="zzz"))
    assert ran.end == end, ran.message
    assert site.count() == 1


@pytest.mark.parametrize(
    ("scraper", "body"),
    [
        ("Bayt", '<div id="results_inner_card"><ul></ul></div>'),
        ("Bayt", CARD),
        ("HelloWork", '<input type="number" min="1" max="1">'),
        ("HelloWork", '<li data-id-storage-target="item"></li>'),
        ("BDJobs", json.dumps(BDJOBS)),
        ("BDJobs", json.dumps(BDJOBS | {"data": [{}], "common": {"totalpages": 7}})),
        ("Naukri", '{"noOfJobs": 0, "jobDetails": []}'),
        ("Naukri", '{"noOfJobs": 9, "jobDetails": [{"jobId": "1"}]}'),
        ("ZipRecruiter", r'[1,"{\"jobCards\":[],\"jobCount\":0}"]'),
        ("ZipRecruiter", r'[1,"{\"jobCards\":[{\"listingKey\":\"k\"}],\"jobCount\":9}"]'),
        ("Glassdoor", '[{"data": {"jobListings": {"jobListings": []}}}]'),
        ("Glassdoor", '[{"data": {"jobListings": {"jobListings": null}}}]'),
    ],
)
def test_a_site_s_own_word_for_none_is_believed(scraper: str, body: str) -> None:
    assert doubt(scraper, body) is None


@pytest.mark.parametrize(
    ("scraper", "body", "why"),
    [
        ("Bayt", None, "no list page was seen"),
        ("Bayt", '<ul id="results_inner_card"><li>A</li></ul>', "no known card in the page"),
        ("Naukri", "[]", "no number of postings in the page"),
        (
            "ZipRecruiter",
            r'[1,"{\"jobCards\":[],\"jobCount\":9}"]',
            "9 postings are announced and none given",
        ),
        ("Glassdoor", '[{"data": {"jobListings": {}}}]', "no list of postings in the page"),
    ],
)
def test_what_is_not_that_is_doubted(scraper: str, body: str | None, why: str) -> None:
    assert doubt(scraper, body) == why


def test_an_empty_search_of_hellowork_is_believed(run: Any, hellowork: HelloWorkSite) -> None:
    ran = run(HelloWork, hellowork.base_url, HelloWork.info.query(text="zzz"))
    assert ran.end == ("succeeded", None), ran.message
    assert ran.host.listed == {}
