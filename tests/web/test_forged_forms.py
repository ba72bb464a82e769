"""Forms that no page sends: each is refused, whatever its fields hold."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from jobtracker_core import JobTracker
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.tracker.job_forms import JobDraft

DEEP = '{"a": ' + "[" * 50_000
SEARCH: dict[str, Any] = {
    "name": "Python",
    "collector": "nobody",
    "query": {},
    "options": {},
    "enabled": True,
}
WRONG: tuple[dict[str, Any], ...] = (
    {"options": []},
    {"options": {"nope": 1}},
    {"name": 5},
    {"collector": []},
    {"query": {"text": "\x00"}},
)
MANY = 20_000


@pytest.fixture
def prefix() -> str:
    return ""


def test_what_no_page_sends_is_refused(browser, tracker: JobTracker) -> None:
    job = tracker.jobs.create(JobDraft(title="A", url="https://jobs.example/1")).job.id
    made = tracker.applications.create(ApplicationDraft(job_id=job, status="applied"))
    undo, several = f"/jobs/{job}/stage/undo", "/applications/bulk/undo"
    version = {"application": made.id, "version": made.version, "was": "draft"}
    forged: list[tuple[str, dict[str, Any]]] = [
        (undo, {}),
        (undo, {**version, "application": f"{made.id},{made.id + 1}"}),
        (undo, {**version, "was": "applied", "applied_at": "soon"}),
        (undo, {**version, "before": "1,2"}),
        ("/jobs/bulk/undo", {"steps": f"{'9' * 30}.1.1."}),
        ("/jobs/bulk/undo", {"steps": f"1.1.{'9' * 5_000}."}),
        ("/jobs/bulk/undo", {"steps": ",".join(["1.1.1."] * MANY)}),
        ("/jobs/bulk/undo", {"action": "restore", "ids": ",".join(map(str, range(MANY)))}),
        (several, {"steps": f"{made.id}.1.applied.{'9' * 15}"}),
        (several, {"steps": ",".join([f"{made.id}.9.applied.0"] * MANY)}),
        ("/applications/bulk", {"stage": "applied", "ids": ",".join(map(str, range(MANY)))}),
        ("/welcome/run", {"search": "1,2"}),
        ("/settings/views", {"name": "A", "kind": "jobs", "query": DEEP}),
        (f"/jobs/{job}/edit/undo", {"values": DEEP}),
        (f"/jobs/{job}/edit", {"title": "a\x00b", "version": 1}),
        (f"/jobs/{job}/edit", {"a\x00b": "", "version": 1}),
        ("/admin/searches/restore", {"search": DEEP}),
        *(("/admin/searches/restore", {"search": json.dumps(SEARCH | one)}) for one in WRONG),
    ]
    began = time.process_time()
    for path, fields in forged:
        answer = browser.client.post(path, data=fields, follow_redirects=False)
        assert 400 <= answer.status_code < 500, (path, str(fields)[:200], answer.status_code)
    assert time.process_time() - began < 10
    assert tracker.applications.get(made.id).application == made


@pytest.mark.parametrize("charset", ["nope", "utf-16", "hex"])
def test_a_form_with_another_character_set_is_refused(browser, charset: str) -> None:
    part = f'--x\r\nContent-Disposition: form-data; name="theme"\r\nContent-Type: {charset}\r\n'
    part = part.replace(f": {charset}", f": text/plain; charset={charset}")
    answer = browser.client.post(
        "/theme",
        content=part.encode() + b"\r\n\xff\r\n--x--",
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 400
