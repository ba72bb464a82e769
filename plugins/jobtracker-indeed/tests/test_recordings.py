"""The collector on real answers of the real site, served by a server of our own."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from jobtracker_core import (
    CompanyFacts,
    Employment,
    Page,
    PayInterval,
    PayKind,
    Place,
    Posting,
    Remote,
    RunState,
)
from jobtracker_core.ingest.normalise import normalise
from jobtracker_core.testing.practice import Reply
from jobtracker_indeed import Indeed, IndeedQuery, parse
from jobtracker_indeed.facts import Facts
from jobtracker_indeed.parse import Edition
from jobtracker_indeed.wire import Item, Job, lenient

LONDON = "graphql_jobSearch_gb_london_3jobs_2026-10-02.json"
AUSTRALIA = "jobData_viewjob_au_senior-devops.json"
EMPTY = "ASSEMBLED_jobSearch_empty.json"


@pytest.fixture
def visit(recorded: Any, visit_at: Callable[[str], Any]) -> Any:
    """A run against the recordings."""
    return visit_at(recorded.base_url)


def test_97_postings_on_three_pages(recorded: Any, visit: Any) -> None:
    pages = visit.pages()
    assert [len(page.postings) for page in pages] == [40, 40, 17]
    assert [page.cursor for page in pages] == ["ASSEMBLED-CURSOR-2", "ASSEMBLED-CURSOR-3", None]
    assert not any(page.skipped or page.end_unconfirmed for page in pages)
    found = [posting for page in pages for posting in page.postings]
    assert [posting.source_id for posting in found] == [job["key"] for job in recorded.jobs()]
    assert visit.events("warning") == []


@pytest.mark.parametrize(
    ("cursor", "left"), [("ASSEMBLED-CURSOR-2", 57), ("ASSEMBLED-CURSOR-3", 17)]
)
def test_each_cursor_gives_the_rest(recorded: Any, visit: Any, cursor: str, left: int) -> None:
    pages = visit.pages(cursor=cursor)
    found = [posting.source_id for page in pages for posting in page.postings]
    assert found == [job["key"] for job in recorded.jobs()][-left:]
    assert not pages[-1].end_unconfirmed


def test_every_posting_says_what_the_files_say(recorded: Any, visit: Any) -> None:
    found: list[Posting] = [p for page in visit.pages() for p in page.postings]
    for posting, job in zip(found, recorded.jobs(), strict=True):
        assert posting.url == f"https://www.indeed.com/viewjob?jk={job['key']}"
        assert posting.title == job["title"]
        employer = job["employer"] or {}
        assert posting.company == (employer.get("name") or job["sourceEmployerName"])
        assert posting.description == job["description"]["html"]
        assert posting.posted_at == datetime.fromtimestamp(job["dateOnIndeed"] / 1000, UTC)
        assert posting.closed is None
        (place,) = posting.places or ()
        assert place.country == job["location"]["countryCode"]
        assert place.region == job["location"]["admin1Code"]
        remote_city = job["location"]["city"] == "Remote"
        assert place.city == (None if remote_city else job["location"]["city"])
        tags = {attribute["key"] for attribute in job["attributes"]}
        assert (posting.remote is Remote.HYBRID) == ("PAXZC" in tags)
        assert (posting.remote is Remote.REMOTE) == (
            "PAXZC" not in tags and ("DSQF7" in tags or remote_city)
        )
        assert (Employment.FULL_TIME in (posting.employment or ())) == ("CF3CP" in tags)
        salary = job["compensation"]["baseSalary"]
        assert (posting.pay is None) == (salary is None)
        if salary and posting.pay:
            amounts = salary["range"]
            assert posting.pay.min == amounts.get("min", amounts.get("value"))
            assert posting.pay.max == amounts.get("max", amounts.get("value"))
            assert posting.pay.currency == job["compensation"]["currencyCode"]
            assert posting.pay.interval == salary["unitOfWork"].lower()
            assert posting.pay.kind is PayKind.STATED


def test_what_the_97_are(visit: Any) -> None:
    found = [posting for page in visit.pages() for posting in page.postings]
    records = [normalise(posting, private=Indeed.info.private) for posting in found]
    assert len(records) == 97
    assert sum(posting.company_facts is not None for posting in found) == 63
    assert Counter(posting.places[0].country for posting in found).keys() == {"US", "IN"}
    assert sum(posting.pay is not None for posting in found) == 74
    assert all(
        posting.apply_url is None or "indeed.com" not in posting.apply_url for posting in found
    )


def test_a_search_that_finds_nothing(recorded: Any, visit: Any) -> None:
    recorded.always(EMPTY)
    assert visit.pages(IndeedQuery(text="x")) == [Page(postings=())]


def test_nothing_is_believed_only_where_the_canary_finds_something(
    recorded: Any, open_tracker: Any
) -> None:
    recorded.always(EMPTY)
    run = open_tracker(recorded.base_url).collect("indeed", {"text": "x"}).run
    assert (run.state, run.error_class) == (RunState.PARTIAL, "blocked")


def test_three_jobs_of_london_are_stored_with_what_is_there(
    recorded: Any, open_tracker: Any
) -> None:
    recorded.always(LONDON)
    tracker = open_tracker(recorded.base_url)
    run = tracker.collect("indeed", {"country": "GB", "limit": 3}).run
    assert (run.state, run.counts.new, run.counts.rejected) == (RunState.SUCCEEDED, 3, 0)
    results = json.loads(recorded.read(LONDON))["data"]["jobSearch"]["results"]
    jobs = {result["job"]["key"]: result["job"] for result in results}
    stored = [tracker.jobs.get(job.id).job for job in tracker.jobs.search(limit=9).items]
    assert {job.source_id for job in stored} == jobs.keys()
    for job in stored:
        told = jobs[job.source_id]
        assert job.title == told["title"]
        assert job.company == told["employer"]["name"]
        assert job.url == f"https://uk.indeed.com/viewjob?jk={job.source_id}"
        assert job.place == told["location"]["formatted"]["long"]
        assert (job.posted_at, job.employment) == (None, None)


def test_what_london_lacks_is_told(recorded: Any, visit: Any) -> None:
    recorded.always(LONDON)
    pages = visit.pages(IndeedQuery(country="GB"))
    # The recording names a next cursor, where the same three come again.
    assert [len(page.postings) for page in pages] == [3, 0]
    assert pages[-1].end_unconfirmed
    found = pages[0].postings
    assert [posting.pay.interval if posting.pay else None for posting in found] == [
        PayInterval.YEAR,
        PayInterval.YEAR,
        None,
    ]
    (fields,) = [fields for at, _, fields in visit.host.events if at == "warning"]
    for name in ("dateOnIndeed", "attributes", "recruit"):
        assert f"{name} (missing)" in str(fields["fields"])


def test_one_job_of_australia(recorded: Any, known: Facts) -> None:
    (result,) = json.loads(recorded.read(AUSTRALIA))["data"]["jobData"]["results"]
    raw = result["job"]
    job, odd = lenient(raw, Job)
    assert odd == []
    posting = parse.posting(msgspec.convert(raw, Item), job, raw, Edition.of(known, "AU"))
    location = raw["location"]
    assert posting.url == f"https://au.indeed.com/viewjob?jk={raw['key']}"
    assert (posting.title, posting.company) == (raw["title"], raw["sourceEmployerName"])
    assert posting.places == (
        Place(
            text=location["formatted"]["long"],
            city=location["city"],
            region="VIC",
            country="AU",
            latitude=location["latitude"],
            longitude=location["longitude"],
        ),
    )
    assert (posting.remote, posting.employment) == (Remote.HYBRID, (Employment.FULL_TIME,))
    assert (posting.closed, posting.language, posting.apply_url) == (False, "en", None)
    assert posting.posted_at == datetime.fromtimestamp(raw["dateOnIndeed"] / 1000, UTC)
    page = raw["employer"]["relativeCompanyPageUrl"]
    assert posting.company_facts == CompanyFacts(profile_url=f"https://au.indeed.com{page}")
    record = normalise(posting, private=Indeed.info.private)
    kept = json.loads(record.raw or "")
    assert kept["key"] == raw["key"]
    for name in ("tracking", "indeedApply"):
        assert raw[name]
        assert str(raw[name]) not in str(kept)


@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize(
    "name",
    [
        "BLOCKED_it_additional-verification.html",
        "BLOCKED_us_403_just-a-moment_2026-02.html",
        "BLOCKED_us_indeed-branded-challenge_50k.html",
    ],
)
def test_challenges_end_blocked(recorded: Any, open_tracker: Any, name: str, status: int) -> None:
    recorded.body = Reply(status=status, body=recorded.read(name), content_type="text/html")
    run = open_tracker(recorded.base_url).collect("indeed", {}).run
    assert (run.state, run.error_class) == (RunState.PARTIAL, "blocked")
    assert run.counts.seen == 0
    assert len(recorded.requests) == 1


def test_three_pages_become_97_jobs(recorded: Any, open_tracker: Any) -> None:
    tracker = open_tracker(recorded.base_url)
    run = tracker.collect("indeed", {}).run
    assert (run.state, run.end_confirmed) == (RunState.SUCCEEDED, True)
    assert (run.counts.new, run.counts.rejected) == (97, 0)
    again = tracker.collect("indeed", {}).run.counts
    assert (again.new, again.changed, again.unchanged) == (0, 0, 97)
    jobs = tracker.jobs.search(limit=100).items
    keys = {job.source_id: job.id for job in jobs}
    held = "".join(tracker.jobs.get(each).raw or "" for each in keys.values())
    assert "trackingKey" not in held
    assert "@" not in "".join(tracker.jobs.get(each).description or "" for each in keys.values())
