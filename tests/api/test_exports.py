"""Whole lists as files: read back, and nothing in them that a spreadsheet executes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from jobtracker_core import JobTracker, Settings
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.companies import Company
from jobtracker_core.storage.contacts import ContactDraft
from jobtracker_core.storage.runs import Run
from jobtracker_core.storage.searches import Search
from queueing import turn_on

FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture
def tracker(db_url: str, tmp_path: Path):
    """An installation with HiringCafe, turned on."""
    settings = Settings(data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "hiringcafe")
        yield tracker


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def test_jobs_come_back_from_a_csv_as_they_are_stored(client, tracker, fill) -> None:
    fill(3, company='A "quoted", Ltd;\nsecond line')
    answer = client.get("/api/v1/jobs/export")
    assert answer.headers["content-type"] == "text/csv; header=present; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="jobs.csv"'
    read, stored = rows(answer), tracker.jobs.search().items
    assert [int(row["id"]) for row in read] == [job.id for job in stored]
    assert [row["title"] for row in read] == [job.title for job in stored]
    assert {row["company"] for row in read} == {stored[0].company}


@pytest.mark.parametrize("where", ["jobs", "companies", "searches", "runs"])
def test_no_cell_is_a_formula(client, tracker, fill, where) -> None:
    fill(1, title=FORMULA, company="@SUM(1)")
    client.post("/api/v1/companies", json={"name": FORMULA, "headquarters": "+1"})
    client.post(
        "/api/v1/searches",
        json={"name": FORMULA, "collector": "hiringcafe", "query": {"text": "=1"}},
    )
    tracker.runs.enqueue("hiringcafe", {"text": "=1+1"})
    found = rows(client.get(f"/api/v1/{where}/export"))
    assert found
    texts = [cell for row in found for cell in row.values()]
    assert not [text for text in texts if text.startswith(tuple("=+-@\t\r"))]
    if where != "runs":
        assert f"'{FORMULA}" in texts


@pytest.mark.parametrize(
    ("where", "kind"), [("companies", Company), ("searches", Search), ("runs", Run)]
)
def test_json_and_json_lines_hold_all_fields(client, tracker, where, kind) -> None:
    client.post("/api/v1/companies", json={"name": "Acme", "founded": 1999})
    made = tracker.searches.add("rust", "hiringcafe", {"text": "rust"})
    tracker.searches.run(made.id)
    whole = client.get(f"/api/v1/{where}/export", params={"format": "json"})
    lines = client.get(f"/api/v1/{where}/export", params={"format": "jsonl"})
    assert whole.headers["content-type"] == "application/json"
    assert lines.headers["content-type"] == "application/jsonl"
    assert lines.headers["content-disposition"] == f'attachment; filename="{where}.jsonl"'
    listed = {
        "companies": lambda: tracker.companies.list().items,
        "searches": tracker.searches.list,
        "runs": tracker.runs.list,
    }[where]()
    assert listed
    assert msgspec.json.decode(whole.content, type=tuple[kind, ...]) == listed
    assert [json.loads(line) for line in lines.text.splitlines()] == whole.json()
    table = rows(client.get(f"/api/v1/{where}/export"))
    assert tuple(table[0]) == kind.__struct_fields__
    assert [row["id"] for row in table] == [str(item.id) for item in listed]


def test_what_is_nested_is_json_in_its_cell(client, tracker) -> None:
    tracker.runs.enqueue("hiringcafe", {"text": "a, b"})
    [row] = rows(client.get("/api/v1/runs/export"))
    assert json.loads(row["query"])["text"] == "a, b"


def test_filters_are_those_of_the_list(client, fill, tracker) -> None:
    fill(3)
    fill(1, source="other", title="Lead")
    words = {"source": "other", "format": "jsonl"}
    lines = client.get("/api/v1/jobs/export", params=words).text.splitlines()
    assert [json.loads(line)["title"] for line in lines] == ["Lead"]
    assert client.get("/api/v1/jobs/export", params={"search": "nobody"}).text.count("\r\n") == 1
    for name in ("Acme", "Beta"):
        tracker.companies.find_or_create(name)
    found = rows(client.get("/api/v1/companies/export", params={"search": "bet"}))
    assert [row["name"] for row in found] == ["Beta"]
    tracker.runs.enqueue("hiringcafe", {"text": "x"})
    assert rows(client.get("/api/v1/runs/export", params={"state": "failed"})) == []


def test_a_list_of_several_pages_is_whole(client, tracker, fill, monkeypatch) -> None:
    monkeypatch.setattr("jobtracker_core.storage.walk._AT_ONCE", 2)
    for module in ("companies", "runs", "applications", "timeline", "contacts", "audit"):
        monkeypatch.setattr(f"jobtracker_core.tracker.{module}.AT_ONCE", 2)
    monkeypatch.setattr("jobtracker_core.export._PIECE", 10)
    fill(5)
    for number in range(5):
        tracker.companies.find_or_create(f"Company {number}")
        tracker.runs.enqueue("hiringcafe", {"text": str(number)})
        tracker.applications.create(ApplicationDraft(title=f"Title {number}"))
        tracker.contacts.create(ContactDraft(application_id=number + 1, name=f"Ada {number}"))
    lists = ("jobs", "companies", "runs", "applications", "events", "contacts", "audit")
    for where in lists:
        found = rows(client.get(f"/api/v1/{where}/export"))
        assert len({row["id"] for row in found}) == len(found)
        assert len(found) >= 5


def test_an_empty_list_is_a_file_too(client) -> None:
    assert rows(client.get("/api/v1/jobs/export")) == []
    assert client.get("/api/v1/jobs/export", params={"format": "json"}).json() == []
    assert client.get("/api/v1/jobs/export", params={"format": "jsonl"}).text == ""


def test_descriptions_come_if_they_are_asked_for(client) -> None:
    draft = {"title": "x", "url": "https://a.example", "description": "<p>All of it</p>"}
    client.post("/api/v1/jobs", json=draft)
    [row] = rows(client.get("/api/v1/jobs/export", params={"with_text": "true"}))
    assert row["description"].strip() == "All of it"


@pytest.mark.parametrize(
    ("where", "words", "field"),
    [
        ("jobs", {"format": "xlsx"}, "format"),
        ("jobs", {"limit": "5"}, "limit"),
        ("jobs", {"posted_since": "1600-01-01T00:00:00Z"}, "posted_since"),
        ("companies", {"text": "x"}, "text"),
        ("runs", {"state": "asleep"}, "state"),
    ],
)
def test_a_wrong_parameter_is_named(problem, where, words, field) -> None:
    said = problem("GET", f"/api/v1/{where}/export", params=words)
    assert (said["status"], said["errors"][0]["field"]) == (400, field)


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("jobs", "job"),
        ("companies", "company"),
        ("searches", "search"),
        ("runs", "run"),
        ("applications", "application"),
        ("events", "event"),
        ("contacts", "contact"),
        ("dismissals", "dismissal"),
        ("audit", "audit"),
    ],
)
def test_an_export_stands_in_the_audit_log(client, tracker, where, kind) -> None:
    before = len(tracker.audit.list().items)
    for form in ("csv", "json", "jsonl"):
        assert client.get(f"/api/v1/{where}/export", params={"format": form}).status_code == 200
    noted = tracker.audit.list().items
    assert len(noted) == before + 3
    assert (noted[0].action, noted[0].target) == (f"{kind}.export", f"{kind}:*")
    assert noted[0].actor.kind == "token"


def test_a_list_of_a_persons_own_is_exported_as_it_is_filtered(client, tracker) -> None:
    made = tracker.applications.create(ApplicationDraft(title="=1+1", status="applied"))
    tracker.applications.create(ApplicationDraft(title="Draft"))
    [row] = rows(client.get("/api/v1/applications/export", params={"status": "applied"}))
    assert (row["id"], row["title"]) == (str(made.id), "'=1+1")
    tracker.contacts.create(ContactDraft(application_id=made.id, name="Ada"))
    [contact] = client.get("/api/v1/contacts/export", params={"format": "json"}).json()
    assert contact["name"] == "Ada"
    words = {"application_id": made.id, "kind": "status"}
    [move] = rows(client.get("/api/v1/events/export", params=words))
    assert move["to_status"] == "applied"
