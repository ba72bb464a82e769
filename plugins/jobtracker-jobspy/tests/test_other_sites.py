"""ZipRecruiter, Naukri and Bayt: one small search each, answered as python-jobspy reads it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from jobtracker_core import Employment
from jobtracker_core.testing.practice import Reply, Seen
from jobtracker_jobspy.query import EasyApplyQuery
from jobtracker_jobspy.sites import Bayt, Naukri, ZipRecruiter


def page_of(request: Seen, name: str) -> int:
    return int(request.query.get(name, "1"))


def zip_job(number: int) -> dict[str, Any]:
    return {
        "listingKey": f"k{number}",
        "title": f"Organ Builder {number}",
        "status": {"postedAtUtc": int(time.time()) - 86_400},
        "employmentTypes": [{"name": "EMPLOYMENT_TYPE_NAME_FULL_TIME"}],
        "location": {"countryCode": "CA", "city": "Guelph", "stateCode": "ON"},
        "applyButtonConfig": {},
        "company": {"name": "Tin Whistle Works"},
        "companyUrl": "/co/Tin-Whistle",
        "rawCanonicalZipJobPageUrl": f"/c/Tin-Whistle/Job/{number}",
        "locationTypes": [{"name": "LOCATION_TYPE_NAME_REMOTE"}],
        "pay": {
            "metadata": {"visible": True},
            "interval": "PAY_INTERVAL_HOUR",
            "min": 20,
            "max": 25,
            "currency": "PAY_CURRENCY_CAD",
        },
    }


def zip_page(jobs: list[dict[str, Any]], count: int) -> Reply:
    data = json.dumps(json.dumps({"jobCards": jobs, "jobCount": count}, separators=(",", ":")))
    return Reply.html(f"<script>self.__next_f.push([1,{data}])</script>")


def ziprecruiter(request: Seen) -> Reply:
    page = int(request.path.removeprefix("/jobs-search").strip("/") or 1)
    jobs = [zip_job(number) for number in range(20 * page - 20, min(20 * page, 45))]
    return zip_page(jobs, 45)


def naukri_job(number: int) -> dict[str, Any]:
    return {
        "jobId": str(number),
        "createdDate": int(time.time() - 86_400) * 1000,
        "employmentType": "Full Time",
        "companyApplyJob": False,
        "title": f"Organ Builder {number}",
        "companyName": "Tin Whistle Works",
        "staticUrl": "tin-whistle-jobs",
        "jdURL": f"/job-listings-{number}",
        "logoPathV3": None,
        "placeholders": [
            {"type": "location", "label": "Hybrid - Pune, Bengaluru"},
            {"type": "salary", "label": "Not disclosed"},
        ],
        "salaryDetail": {
            "hideSalary": False,
            "minimumSalary": 500_000,
            "maximumSalary": 900_000,
            "currency": "INR",
        },
        "tagsAndSkills": "Chisel,Glue",
    }


def naukri(request: Seen) -> Reply:
    page = page_of(request, "pageNo")
    jobs = [naukri_job(number) for number in range(20 * page - 20, min(20 * page, 45))]
    return Reply.json({"noOfJobs": 45, "jobDetails": jobs}, status=200 if jobs else 400)


def bayt_card(number: int) -> str:
    stamp = int(time.time()) - 86_400
    return f"""<li data-js-job data-job-id="{number}">
<h2><a href="/en/job/{number}/">Organ Builder {number}</a></h2>
<div class="job-company-location-wrapper"><a href="/en/company/tin/">Tin Whistle Works</a></div>
<dl><dt class="jb-label-location"><span>Dubai</span><span>UAE</span></dt>
<dt class="jb-label-salary">AED 9,000 - AED 11,000</dt>
<dt class="jb-label-careerlevel">Mid Career · 3 Years of Experience</dt></dl>
<span data-automation-jobactivedate="{stamp}"></span></li>"""


def bayt(request: Seen) -> Reply:
    if "nowhere" in request.path:
        return Reply(status=404)
    page = page_of(request, "page")
    hybrid = request.query.get("filters[remote_working_type][]") == "2"
    first, last = (30 * page - 30, min(30 * page, 45)) if not hybrid else (0, 4)
    return Reply.html("".join(bayt_card(number) for number in range(first, last)))


@pytest.mark.parametrize(
    ("collector", "answer", "pages", "home"),
    [
        (ZipRecruiter, ziprecruiter, 3, "https://www.ziprecruiter.com/c/"),
        (Naukri, naukri, 3, "https://www.naukri.com/job-listings-"),
        (Bayt, bayt, 3, "https://www.bayt.com/en/job/"),
    ],
)
def test_a_search_to_its_end(
    collector: Any, answer: Any, pages: int, home: str, run: Any, serve: Any
) -> None:
    site = serve(answer)
    ran = run(collector, site.base_url)
    assert ran.end == ("succeeded", None), ran.message
    assert len(ran.host.listed) == 45
    assert site.count() == pages
    assert all(record.url.startswith(home) for record in ran.host.listed.values())
    assert "127.0.0.1" not in repr(ran.host.listed)
    assert [batch.cursor is None for batch in ran.host.batches][-1]


def test_ziprecruiter_s_posting(run: Any, serve: Any) -> None:
    record = run(ZipRecruiter, serve(ziprecruiter).base_url).host.listed["k7"]
    (place,) = record.places
    assert (place.city, place.region, place.country) == ("Guelph", "ON", "CA")
    assert (record.remote, record.employment) == ("remote", ("full_time",))
    assert (record.pay.min, record.pay.currency, record.pay.interval) == (20, "CAD", "hour")
    assert record.posted_precision == "day"
    assert record.company_facts.profile_url == "https://www.ziprecruiter.com/co/Tin-Whistle"


def test_naukri_s_posting(run: Any, serve: Any) -> None:
    record = run(Naukri, serve(naukri).base_url).host.listed["7"]
    assert [place.city for place in record.places] == ["Pune", "Bengaluru"]
    assert (record.remote, record.skills) == ("hybrid", ("Chisel", "Glue"))
    assert (record.pay.max, record.pay.interval) == (900_000, "year")


def test_bayt_s_posting(run: Any, serve: Any) -> None:
    record = run(Bayt, serve(bayt).base_url).host.listed["7"]
    (place,) = record.places
    assert (place.city, place.country) == ("Dubai", "AE")
    assert (record.remote, record.seniority) == (None, "mid")
    assert (record.pay.min, record.pay.currency, record.pay.interval) == (9000, "AED", "month")


def test_a_captcha_of_naukri_is_a_block(run: Any, serve: Any) -> None:
    ran = run(Naukri, serve(lambda _: Reply(status=406)).base_url)
    assert ran.end == ("partial", "blocked")
    assert "recaptcha required" in ran.message


def test_a_page_of_naukri_that_is_refused_keeps_those_before(run: Any, serve: Any) -> None:
    site = serve(naukri)
    site.fail("rate_limit", query={"pageNo": "2"})
    ran = run(Naukri, site.base_url)
    assert ran.end == ("partial", "http_429")
    assert len(ran.host.listed) == 20
    assert ran.host.batches[-1].cursor == "20"


def test_a_place_that_bayt_lacks_is_told_once(run: Any, serve: Any) -> None:
    ran = run(Bayt, serve(bayt).base_url, EasyApplyQuery(text="x", location="Dubai, Nowhere"))
    assert ran.end == ("succeeded", None), ran.message
    (location,) = [use for use in ran.result.filters if use.word == "location"]
    assert location.support == "ignored"
    assert location.note == "location 'Dubai, Nowhere' not found, searching the country"
    assert ran.events("info").count("filter not applied") == 2


@pytest.mark.parametrize(
    ("place", "refused"),
    [("Nowhere City, UAE", 1), ("Dubai, Nowhere", 2), ("Nowhere", 1)],
)
def test_a_place_that_bayt_lacks_is_asked_for_once(
    place: str, refused: int, run: Any, serve: Any
) -> None:
    site = serve(bayt)
    ran = run(Bayt, site.base_url, EasyApplyQuery(text="x", location=place))
    assert len(ran.host.listed) == 45
    assert site.count("*nowhere*") == refused
    assert site.count() == refused + 3


def test_remote_work_at_bayt_leaves_hybrid_out(run: Any, serve: Any) -> None:
    site = serve(bayt)
    ran = run(Bayt, site.base_url, EasyApplyQuery(remote=("remote",)))
    assert len(ran.host.listed) == 41
    assert {record.remote for record in ran.host.listed.values()} == {"remote"}
    assert [r.query.get("filters[remote_working_type][]") for r in site.requests].count("2") == 1


def test_changed_pages_are_told_as_such(run: Any, serve: Any) -> None:
    ran = run(ZipRecruiter, serve(lambda _: Reply.html("<h1>Jobs</h1>")).base_url)
    assert ran.end == ("failed", "parse")
    assert ran.message == "ziprecruiter: no jobKeysMap or jobCards or jobCount in the page"


def test_postings_that_cannot_be_read_are_a_changed_layout(run: Any, serve: Any) -> None:
    jobs = [zip_job(number) for number in range(4)]
    for job in jobs[:3]:
        del job["status"]
    ran = run(ZipRecruiter, serve(lambda _: zip_page(jobs, 4)).base_url)
    assert ran.end == ("failed", "parse")
    assert "(3 of 4 items are unreadable)" in ran.message
    assert "Organ Builder" not in ran.message


@pytest.mark.parametrize("kept", [20, 21, 40, 41])
def test_pages_of_which_most_is_left_out_are_read_to_the_end(
    kept: int, run: Any, serve: Any
) -> None:
    """python-jobspy goes on to the next page until it has what it was asked for."""

    def job(number: int) -> dict[str, Any]:
        fits = {"employmentTypes": [{"name": "EMPLOYMENT_TYPE_NAME_INTERNSHIP"}]}
        return zip_job(number) | (fits if number >= kept else {})

    def answer(request: Seen) -> Reply:
        page = int(request.path.removeprefix("/jobs-search").strip("/") or 1)
        return zip_page([job(n) for n in range(20 * page - 20, min(20 * page, 70))], 70)

    query = EasyApplyQuery(employment=(Employment.INTERNSHIP,))
    ran = run(ZipRecruiter, serve(answer).base_url, query)
    assert ran.end == ("succeeded", None)
    assert set(ran.host.listed) == {f"k{number}" for number in range(kept, 70)}


@pytest.mark.parametrize("unreadable", [range(2, 70, 9), range(55, 60), range(15, 24)])
def test_unreadable_items_of_pages_that_come_again_count_once(
    unreadable: range, run: Any, serve: Any
) -> None:
    def job(number: int) -> dict[str, Any]:
        found = zip_job(number)
        if number in unreadable:
            del found["status"]
        return found

    def answer(request: Seen) -> Reply:
        page = int(request.path.removeprefix("/jobs-search").strip("/") or 1)
        return zip_page([job(n) for n in range(20 * page - 20, min(20 * page, 70))], 70)

    ran = run(ZipRecruiter, serve(answer).base_url)
    assert ran.end == ("succeeded", None), ran.message
    assert set(ran.host.listed) == {f"k{n}" for n in range(70) if n not in unreadable}
    assert ran.events("warning") == ["item unreadable"] * len(unreadable)
