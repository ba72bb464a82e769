"""What no program should send: each is a 4xx of its own that names the field and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.applications import ApplicationDraft
from keys import KEY

API = "/api/v1"
URL = "https://jobs.example/1"
JSON = {"Content-Type": "application/json"}
STATUSES = "draft, applied, interviewing, offer, accepted, rejected, withdrawn"
KINDS = "interview, follow_up, deadline, note, call, offer, other"

BODIES: list[tuple[str, str, bytes | dict[str, Any], int, str, str]] = [
    ("POST", "jobs", b"title=Engineer", 400, "body", "is not JSON"),
    ("POST", "jobs", b'{"title": ', 400, "body", "is not JSON"),
    ("POST", "jobs", b"", 400, "body", "a JSON object is needed"),
    ("POST", "jobs", b"[1]", 400, "body", "Expected `object`, got `array`"),
    ("POST", "jobs", b'{"title": "\xff", "url": "x"}', 400, "body", "is not UTF-8"),
    ("POST", "applications", {}, 400, "title", "must be given"),
    ("POST", "tokens", {"scopes": ["admin"]}, 400, "name", "is missing"),
    ("POST", "applications", {"title": "x", "colour": "red"}, 400, "colour", "unknown field"),
    # A body is JSON, which has numbers and texts of its own: neither stands for the other.
    ("POST", "applications", {"title": 7}, 400, "title", "got `int`"),
    ("POST", "applications", {"job_id": "1"}, 400, "job_id", "got `str`"),
    ("POST", "applications", {"title": "x", "applied_at": 0}, 400, "applied_at", "got `int`"),
    ("POST", "events", {"kind": "note", "done": "true"}, 400, "done", "got `str`"),
    ("POST", "applications", {"title": "x", "job_id": 1.5}, 400, "job_id", "got `float`"),
    ("PUT", "jobs/1", {"skills": "python"}, 400, "skills", "got `str`"),
    ("PUT", "jobs/1", {"skills": ["a", 1]}, 400, "skills[1]", "got `int`"),
    ("POST", "runs/bulk", {"action": "cancel", "ids": ["1"]}, 400, "ids[0]", "got `str`"),
    ("POST", "jobs", {"title": "x" * 100_000, "url": URL}, 400, "title", "500"),
    ("POST", "applications", {"title": "x" * 100_000}, 400, "title", "500"),
    ("PUT", "jobs/1/tags", {"tags": ["x" * 100_000]}, 400, "tags[0]", "50"),
    ("POST", "jobs", {"title": "a\0b", "url": URL}, 400, "title", "NUL"),
    ("PUT", "jobs/1", {"skills": ["a", "b\0"]}, 400, "skills[1]", "NUL"),
    ("PUT", "jobs/1/note", {"text": "\0"}, 400, "text", "NUL"),
    ("POST", "views", {"name": "x", "kind": "jobs", "query": {"text": "\0"}}, 400, "query.text", "NUL"),
    ("POST", "views", {"name": "x", "kind": "jobs", "query": {"a\0": 1}}, 400, "query", "NUL"),
    ("POST", "tokens", {"name": "\0", "scopes": ["ingest"]}, 400, "name", "NUL"),
    ("POST", "companies", rb'{"name": "\ud800"}', 400, "name", "half of a surrogate pair"),
    ("POST", "companies", rb'{"name": "a\udc00b"}', 400, "name", "half of a surrogate pair"),
    ("PUT", "jobs/1", rb'{"skills": ["\ud83d"]}', 400, "skills[0]", "half of a surrogate pair"),
    ("POST", "applications", {"title": "x", "status": "hired"}, 400, "status", STATUSES),
    ("PUT", "applications/1", {"status": "hired"}, 400, "status", STATUSES),
    ("POST", "applications/bulk", {"action": "move", "ids": [1], "status": "x"}, 400, "status", STATUSES),
    ("POST", "events", {"kind": "party"}, 400, "kind", KINDS),
    ("POST", "jobs", {"title": "x", "url": URL, "employment": ["full_time", "x"]}, 400, "employment[1]", "full_time, part_time"),
    ("POST", "config", {"searches": [{"name": "x", "collector": "y", "overlap": "z"}]}, 400, "searches[0].overlap", "skip, queue"),
    ("POST", "searches", {"name": "x", "collector": "hiringcafe", "query": {}, "cron": "daily"}, 400, "cron", "five fields"),
    ("POST", "searches", {"name": "x", "collector": "hiringcafe", "query": {}, "every_s": 5}, 400, "every_s", "60"),
    ("POST", "searches", {"name": "x", "collector": "hiringcafe", "query": {}, "timezone": "Berlni"}, 400, "timezone", "no time zone"),
    ("POST", "searches", {"name": "x", "collector": "hiringcafe", "query": {}, "stagger_s": 7200}, 400, "misfire_window_s", "missed"),
    ("POST", "applications", {"job_id": 12345}, 404, "", "there is no job 12345"),
    ("POST", "applications", {"title": "x", "applied_at": "1600-01-01T00:00:00Z"}, 400, "applied_at", "1600"),
    ("POST", "applications", {"title": "x", "next_action_on": "1600-01-01"}, 400, "next_action_on", "1900 to 2200"),
    ("POST", "events", {"kind": "note", "starts_at": "1600-01-01T00:00:00"}, 400, "starts_at", "1900 to 2200"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "where", "body", "status", "field", "says"), BODIES)
def test_a_body_that_cannot_be_is_refused(
    client, problem, tracker, fill, method, where, body, status, field, says
) -> None:
    fill(1)
    tracker.applications.create(ApplicationDraft(title="mine"))
    before = len(tracker.audit.list().items)
    if isinstance(body, bytes):
        said = problem(method, f"{API}/{where}", content=body, headers=JSON)
    else:
        said = problem(method, f"{API}/{where}", json=body)
    assert said["status"] == status, said
    assert says in said["detail"], said
    if status == 400:
        assert [error["field"] for error in said["errors"]] == [field], said
    assert len(tracker.audit.list().items) == before


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",), secret_key=(KEY,)
    )
    with JobTracker(settings) as tracker:
        yield tracker


PARAMETERS = [
    ("jobs?per_page=100000", 400, "per_page", "200"),
    ("jobs?limit=ten", 400, "limit", "int"),
    ("jobs?limit=null", 400, "limit", "leave it out"),
    ("jobs?status=null", 400, "status", STATUSES),
    ("jobs?status=hired", 400, "status", STATUSES),
    ("applications?status=hired", 400, "status", STATUSES),
    ("jobs/export?format=xlsx", 400, "format", "csv, json, jsonl"),
    ("jobs?after=tampered", 400, "after", "is no position in a list"),
    ("jobs?after=1795959000000000~-1", 400, "after", "is no position in a list"),
    ("jobs?before=99999999999999999999~1", 400, "before", "is no position in a list"),
    ("events?after=1", 400, "after", "is no position in a list"),
    ("contacts?after=%27%3B--", 400, "after", "is no position in a list"),
    ("dismissals?after=x", 400, "after", "is no position in a list"),
    ("audit?after=x", 400, "after", "is no mark of a page"),
    ("jobs?search=a%00b", 400, "search", "NUL"),
    ("jobs?search=%ED%A0%80", 400, "query", "is not UTF-8"),
    ("jobs?posted_since=1600-01-01T00:00:00Z", 400, "posted_since", "1600"),
    ("events?from=1600-01-01T00:00:00Z", 400, "from", "1900 to 2200"),
    ("events?from=31.12.2026", 400, "from", "takes a time"),
    ("calendar?from=2027-01-01T00:00:00Z", 400, "to", "must be given"),
    ("audit?since=9999-01-01T00:00:00Z", 400, "since", "1900 to 2200"),
    ("applications?next_action_until=1600-01-01", 400, "next_action_until", "1900 to 2200"),
    ("jobs?posted_since=0.5", 400, "posted_since", "takes a time"),
    ("applications?next_action_until=20270115", 400, "next_action_until", "takes a day"),
    ("jobs?colour=red", 400, "colour", "unknown parameter"),
    ("jobs?limit=1&limit=2", 400, "limit", "more than once"),
    ("jobs/999999", 404, "", "there is no job 999999"),
    ("jobs/one", 404, "", "nothing at this address"),
]


@pytest.mark.parametrize(("where", "status", "field", "says"), PARAMETERS)
def test_an_address_that_cannot_be_is_refused(problem, where, status, field, says) -> None:
    said = problem("GET", f"{API}/{where}")
    assert said["status"] == status, said
    assert says in said["detail"], said
    if status == 400:
        assert [error["field"] for error in said["errors"]] == [field], said


def test_a_tag_with_a_nul_in_its_address(problem, fill) -> None:
    fill(1)
    said = problem("PUT", f"{API}/jobs/1/tags/a%00b")
    assert (said["status"], said["errors"][0]["field"]) == (400, "tag")


def test_an_application_for_a_job_that_is_gone(client, problem, fill) -> None:
    fill(1)
    assert client.delete(f"{API}/jobs/1").status_code == 204
    said = problem("POST", f"{API}/applications", json={"job_id": 1})
    assert (said["status"], said["detail"]) == (404, "there is no job 1")
    assert said["next"]


def test_a_calendar_address_that_was_revoked(client, problem) -> None:
    made = client.post(f"{API}/calendar/feeds", json={"name": "phone"}).json()
    address = f"/feeds/{made['secret']}.ics"
    assert client.get(address).status_code == 200
    client.delete(f"{API}/calendar/feeds/{made['feed']['id']}")
    said = problem("GET", address)
    assert (said["status"], said["detail"]) == (404, "There is nothing at this address.")


def test_what_others_wrote_is_cleaned_and_not_refused(client) -> None:
    posting = {"source_id": "1", "url": URL, "title": "Eng\0ineer"}
    batch = {"collector": "board", "key": "k", "batch": 1, "postings": [posting]}
    stored = client.post(f"{API}/collect/ingest", json=batch).json()
    assert (stored["found"], stored["rejected"]) == (1, [])
    said = client.post(f"{API}/collect/ingest", json=batch | {"key": "k\0"})
    assert said.json()["errors"][0]["field"] == "key"


def test_all_methods_of_an_address_are_told(client) -> None:
    for where, methods in (
        ("jobs", "GET, HEAD, OPTIONS, POST"),
        ("jobs/1", "DELETE, GET, HEAD, OPTIONS, PUT"),
        ("tags/1", "DELETE, OPTIONS, PUT"),
    ):
        answer = client.options(f"{API}/{where}")
        assert answer.status_code == 204
        assert answer.headers["allow"] == methods


def test_a_whole_number_may_be_written_with_a_point(client, fill) -> None:
    fill(1)
    made = client.post(f"{API}/applications", content=b'{"job_id": 1.0}', headers=JSON)
    assert made.status_code == 201, made.text
