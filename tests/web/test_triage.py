"""Steps with jobs from the list: what they do, what they answer, and their undo."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.views import ViewDraft
from jobtracker_core.web import listing

PART = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html"}


class Reader:
    """Steps in a browser that shows a list."""

    def __init__(self, browser: Any, shown: str = "/jobs") -> None:
        self.browser = browser
        self.shown = shown
        self.headers: Any = None

    def step(self, path: str, expected: int = 200, **fields: Any) -> LexborHTMLParser:
        address = f"http://127.0.0.1{self.browser.prefix}{self.shown}"
        answer = self.browser.client.post(
            self.browser.prefix + path, data=fields, headers=PART | {"HX-Current-URL": address}
        )
        assert answer.status_code == expected, answer.text
        self.headers = answer.headers
        return LexborHTMLParser(answer.text)

    def undo(self, answer: LexborHTMLParser, **other: Any) -> LexborHTMLParser:
        [form] = answer.css(".toast form")
        fields = {
            str(field.attributes["name"]): field.attributes["value"] or ""
            for field in form.css("input[name]")
        }
        path = (form.attributes["action"] or "").removeprefix(self.browser.prefix)
        return self.step(path, **(fields | other))


@pytest.fixture
def reader(browser) -> Reader:
    return Reader(browser)


def said(answer: LexborHTMLParser) -> str:
    [told] = answer.css(".toast > span")
    return " ".join(told.text().split())


def stages(tracker) -> dict[int | None, str]:
    return {made.job_id: made.status for made in tracker.applications.list().items}


def targets(answer: LexborHTMLParser) -> list[str | None]:
    return [part.attributes["hx-target"] for part in answer.css("hx-partial")]


def test_two_steps_with_one_job_are_undone_one_after_the_other(reader, tracker, fill) -> None:
    fill(2)
    saved = reader.step("/jobs/1/save")
    assert said(saved) == "Engineer 1 is saved as draft."
    assert targets(saved) == ["#job-1", "#toasts"]
    assert saved.css_first(".status").text() == "Draft"
    applied = reader.step("/jobs/1/stage", status="applied")
    assert stages(tracker) == {1: "applied"}
    undone = reader.undo(applied)
    assert said(undone) == "Engineer 1 is draft again."
    assert targets(undone) == ["#list", "#count", "#toasts", "#beyond"]
    # The page puts this into what the first step left there.
    told = json.loads(reader.headers["hx-trigger"])["jt:undone"]
    assert told == {"application": 1, "before": 1, "now": 3}
    assert "is not saved any more" in said(reader.undo(saved, version=told["now"]))
    assert stages(tracker) == {}


def test_an_undo_does_not_overwrite_what_came_later(reader, tracker, fill) -> None:
    fill(1)
    saved = reader.step("/jobs/1/save")
    tracker.applications.move(1, "offer")
    [form] = saved.css(".toast form")
    fields = {f.attributes["name"]: f.attributes["value"] for f in form.css("input[name]")}
    refused = reader.step("/jobs/1/stage/undo", 412, **fields)
    assert refused.css("[role=alert]")
    assert stages(tracker) == {1: "offer"}


def test_a_step_that_changes_nothing_says_so(reader, tracker, fill) -> None:
    fill(1)
    reader.step("/jobs/1/stage", status="offer")
    assert said(reader.step("/jobs/1/save")) == "Engineer 1 is saved already: it is offer."
    assert said(reader.step("/jobs/1/stage", status="offer")) == "Engineer 1 is offer already."
    assert len(tracker.applications.list().items) == 1
    assert reader.step("/jobs/1/stage", 400).css("[role=alert]")


def test_when_one_applied_is_kept_by_an_undo(reader, tracker, fill) -> None:
    fill(1)
    reader.step("/jobs/1/stage", status="applied")
    sent = tracker.applications.get(1).application.applied_at
    reader.undo(reader.step("/jobs/1/stage", status="draft"))
    assert tracker.applications.get(1).application.applied_at == sent


def test_a_dismissed_job_leaves_the_list_and_comes_back(reader, tracker, fill) -> None:
    fill(3)
    gone = reader.step("/jobs/2/dismiss")
    assert targets(gone) == ["#job-2", "#range", "#caption", "#count", "#toasts", "#beyond"]
    assert gone.css_first("hx-partial").attributes["hx-swap"] == "delete"
    assert gone.css_first("[hx-target='#count']").text().split() == ["2", "jobs"]
    hidden = reader.browser.get("/jobs?status=dismissed")
    assert [row.attributes["id"] for row in hidden.css("tbody tr")] == ["job-2"]
    back = reader.undo(gone)
    assert [row.attributes["id"] for row in back.css("tbody tr")] == ["job-3", "job-2", "job-1"]
    tracker.dismissals.dismiss(2, reason="too far")
    reader.shown = "/jobs?status=dismissed"
    restored = reader.step("/jobs/2/restore")
    assert restored.css_first("hx-partial").attributes["hx-swap"] == "delete"
    reader.undo(restored)
    assert tracker.dismissals.of_job(2).reason == "too far"


def test_without_script_a_step_leads_back_and_the_next_page_tells(browser, tracker, fill) -> None:
    fill(1)
    client, prefix = browser.client, browser.prefix
    for back, place in (
        (f"{prefix}/jobs?q=eng", f"{prefix}/jobs?q=eng"),
        ("//evil", f"{prefix}/jobs/1"),
    ):
        answer = client.post(f"{prefix}/jobs/1/save", data={"back": back}, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, place)
    assert "saved already" in said(browser.get("/jobs"))
    assert stages(tracker) == {1: "draft"}


def test_many_are_saved_and_moved_and_all_of_it_is_undone(reader, tracker, fill) -> None:
    fill(4)
    tracker.applications.create(ApplicationDraft(job_id=1, status="applied"))
    done = reader.step("/jobs/bulk", action="save", ids="1,2,3")
    assert said(done) == "2 jobs saved."
    assert stages(tracker) == {1: "applied", 2: "draft", 3: "draft"}
    reader.undo(done)
    assert stages(tracker) == {1: "applied"}
    moved = reader.step("/jobs/bulk", stage="rejected", ids="1,2,999")
    assert said(moved).startswith("2 jobs set to rejected, 1 was not: there is no job 999")
    tracker.applications.move(1, "offer")
    assert said(reader.undo(moved)) == "Undone for 1 job. 1 was changed since, and stays."
    assert stages(tracker) == {1: "offer"}


def test_all_that_match_are_meant_across_pages_up_to_a_bound(
    reader, tracker, fill, monkeypatch
) -> None:
    fill(60)
    fill(5, source="other", title="Nurse")
    page = reader.browser.get("/jobs?source=site")
    assert "all 60 that match" in page.css_first("#beyond").text()
    fields = {f.attributes["name"]: f.attributes["value"] for f in page.css("#beyond input")}
    done = reader.step("/jobs/bulk", action="dismiss", ids="60", **fields)
    assert said(done) == "60 jobs dismissed."
    assert tracker.jobs.tally().total == 5
    assert said(reader.undo(done)) == "60 jobs restored."
    monkeypatch.setattr(listing, "MOST_MEANT", 10)
    monkeypatch.setattr("jobtracker_core.web.bulk.MOST_MEANT", 10)
    page = reader.browser.get("/jobs?source=site")
    assert "the first 10 of 60 that match" in page.css_first("#beyond").text()
    assert said(reader.step("/jobs/bulk", action="dismiss", **fields)) == "10 jobs dismissed."


def test_tags_of_many_are_taken_off_only_where_they_were_put_on(reader, tracker, fill) -> None:
    fill(3)
    tracker.tags.add("job", 1, ["far"])
    done = reader.step("/jobs/bulk", action="tag", tags="far", ids="1,2")
    assert said(done) == "2 jobs tagged."
    reader.undo(done)
    assert [tracker.tags.of("job", number) for number in (1, 2)] == [("far",), ()]
    nameless = reader.step("/jobs/bulk", action="tag", tags=" ", ids="1,2")
    assert said(nameless) == "Nothing was changed: name a tag first."


def test_jobs_that_were_dismissed_before_stay_so(reader, tracker, fill) -> None:
    fill(2)
    tracker.dismissals.dismiss(1)
    done = reader.step("/jobs/bulk", action="dismiss", ids="1,2", query="dismissed=all")
    reader.undo(done)
    assert [job.id for job in tracker.jobs.search(dismissed="only").items] == [1]


def test_what_is_deleted_has_no_undo(reader, tracker, fill) -> None:
    fill(2)
    done = reader.step("/jobs/bulk", action="delete", ids="1")
    assert (said(done), done.css(".toast form")) == ("1 job deleted.", [])
    assert tracker.jobs.count() == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "burn", "ids": "1"},
        {"action": "dismiss", "ids": ""},
        {"action": "dismiss", "ids": "x"},
    ],
)
def test_a_step_that_makes_no_sense_is_refused(reader, fill, fields) -> None:
    fill(1)
    assert reader.step("/jobs/bulk", 400, **fields).css("[role=alert]")


def test_views_are_saved_shown_changed_and_forgotten_with_undo(browser, tracker, fill) -> None:
    fill(2, company="Acme")
    fill(1, source="other")
    client, prefix = browser.client, browser.prefix

    def post(path: str, **fields: object) -> str:
        answer = client.post(prefix + path, data=fields, follow_redirects=False)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).removeprefix(prefix)

    def undo() -> str:
        [form] = browser.get("/jobs").css(".toast form")
        path = (form.attributes["action"] or "").removeprefix(prefix)
        return post(
            path,
            **{str(f.attributes["name"]): f.attributes["value"] for f in form.css("input[name]")},
        )

    place = post("/jobs/views", name="Acme <b>", query="company=acme&view=9")
    assert place == "/jobs?view=1"
    shown = browser.get(place)
    assert len(shown.css("tbody tr")) == 2
    assert shown.css_first("nav[aria-label=Views] [aria-current]").text().strip() == "Acme <b>"
    wider = browser.get("/jobs?view=1&company=a&q=engineer")
    assert "Keep in" in wider.css_first("#chips").text()
    post("/jobs/views/1", query="company=acme&q=2", version=1)
    assert len(browser.get(place).css("tbody tr")) == 1
    post("/jobs/views/1", name="Other", version=2)
    assert undo() == place
    assert tracker.views.get(1).name == "Acme <b>"
    post("/jobs/views/1/delete", version=4)
    undo()
    [again] = tracker.views.list()
    assert (again.name, again.query) == ("Acme <b>", {"text": "2", "company": "acme"})
    post("/jobs/views", name="Acme <b>", query="")
    assert "there is a view of jobs named" in said(browser.get("/jobs"))
    browser.get("/jobs?view=99", status=404)
    odd = tracker.views.create(ViewDraft(name="Odd", kind="jobs", query={"source": "NO SITE"}))
    page = browser.get(f"/jobs?view={odd.id}", status=400)
    assert "The view Odd shows nothing" in page.css_first("main").text()
    browser.get(f"/jobs?view={odd.id}&q=x")
    post(f"/jobs/views/{odd.id}/delete", version=1)


def test_what_sites_write_is_shown_as_text_and_kept_apart(browser, tracker, fill) -> None:
    hostile = "<script>alert(1)</script>\u202e'\"&amp;"
    fill(1, title=hostile, company=f"{hostile} Ltd")
    for path in (
        "/jobs",
        "/jobs/1",
        "/jobs/1/edit",
        f"/jobs/new?url=https://x.example&title={quote(hostile)}",
    ):
        page = browser.get(path)
        assert all(script.attributes.get("src") for script in page.css("script"))
    row = browser.get("/jobs").css_first("#job-1")
    assert [node.text() for node in row.css("a bdi")] == [hostile]
