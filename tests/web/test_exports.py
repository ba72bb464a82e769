"""Lists of the portal as files."""

from __future__ import annotations

import csv
import io

import pytest

from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.views import ViewDraft

LISTS = (
    *("jobs", "applications", "companies", "events", "contacts", "searches", "runs", "audit"),
    "dismissals",
)


def test_a_file_is_the_same_as_the_apis_with_the_filters_of_its_page(
    browser, tracker, fill
) -> None:
    fill(3, company="Acme")
    fill(1, source="other")
    job = tracker.jobs.search(company="Acme").items[0]
    tracker.applications.create(ApplicationDraft(job_id=job.id, status="applied"))
    tracker.dismissals.dismiss(job.id)
    get, prefix = browser.client.get, browser.prefix
    for page, api in (
        ("jobs.csv?company=acme", "jobs/export?company=acme"),
        ("jobs.jsonl?status=dismissed", "jobs/export?dismissed=only&format=jsonl"),
        ("applications.json?status=applied", "applications/export?status=applied&format=json"),
        ("runs.csv?state=failed,succeeded", "runs/export?state=failed,succeeded"),
        ("events.csv?kind=status&from=2020-01-01T00:00:00Z", "events/export?kind=status"),
    ):
        mine = get(f"{prefix}/export/{page}")
        theirs = get(f"{prefix}/api/v1/{api}")
        assert (mine.status_code, theirs.status_code) == (200, 200), mine.text
        assert mine.content == theirs.content
        for header in ("content-type", "content-disposition"):
            assert mine.headers[header] == theirs.headers[header]
    rows = list(csv.DictReader(io.StringIO(get(f"{prefix}/export/jobs.csv?q=2").text)))
    assert [row["title"] for row in rows] == ["Engineer 2"]
    saved = tracker.views.create(ViewDraft(name="Second", kind="jobs", query={"text": "2"}))
    of_view = get(f"{prefix}/export/jobs.csv?view={saved.id}")
    assert of_view.content == get(f"{prefix}/export/jobs.csv?q=2").content


def test_every_list_is_there_and_stands_in_the_audit_log(browser, tracker) -> None:
    for what in LISTS:
        for kind in ("csv", "json", "jsonl"):
            answer = browser.client.get(f"{browser.prefix}/export/{what}.{kind}")
            assert answer.status_code == 200, answer.text
        noted = tracker.audit.list().items[0]
        assert noted.action.endswith(".export")
        assert noted.actor.kind == "user"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("nothing.csv", 404, ""),
        ("jobs.xls", 404, ""),
        ("jobs.csv?colour=red", 400, "There is no filter 'colour'"),
        ("runs.csv?colour=red", 400, "There is no parameter 'colour'"),
        ("runs.csv?state=lost", 400, "state takes some of"),
        ("contacts.csv?company_id=x", 400, "company_id takes a whole number"),
        ("companies.csv?q=a&q=b", 400, "q is given more than once"),
    ],
)
def test_what_cannot_be_exported_is_explained(browser, path, status, said) -> None:
    page = browser.get(f"/export/{path}", status=status)
    assert said in page.css_first("main").text()
