"""A job's page: what a person does there, what is refused, and its undo; jobs entered by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.tracker.job_forms import JobChanges, JobDraft
from jobtracker_core.web.bookmarklet import bookmarklet


class Person:
    """Sends forms without script, and follows."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def send(self, path: str, expected: int = 303, **fields: Any) -> Any:
        answer = self.browser.client.post(
            self.browser.prefix + path,
            data=fields,
            headers={"Accept": "text/html"},
            follow_redirects=False,
        )
        assert answer.status_code == expected, answer.text
        if expected != 303:
            return LexborHTMLParser(answer.text)
        return self.browser.get(answer.headers["location"].removeprefix(self.browser.prefix))

    def undo(self, page: LexborHTMLParser) -> Any:
        [form] = page.css(".toast form")
        fields = {str(f.attributes["name"]): f.attributes["value"] or "" for f in form.css("input")}
        path = (form.attributes["action"] or "").removeprefix(self.browser.prefix)
        return self.send(path, 303, **fields)


@pytest.fixture
def person(browser) -> Person:
    return Person(browser)


def said(page: LexborHTMLParser) -> str:
    [told] = page.css(".toast > span")
    return " ".join(told.text().split())


def banners(page: LexborHTMLParser) -> str:
    return " ".join(banner.text() for banner in page.css(".banner"))


def values(page: LexborHTMLParser) -> dict[str, str]:
    """Return what the form of the page would send."""
    sent: dict[str, str] = {}
    for field in page.css("form[data-guarded] :is(input, textarea)"):
        if field.attributes.get("type") != "checkbox" or "checked" in field.attributes:
            text = field.text() if field.tag == "textarea" else field.attributes.get("value") or ""
            sent[str(field.attributes["name"])] = text.removeprefix("\n")
    for option in page.css("form[data-guarded] option[selected]"):
        select = option.parent
        assert select is not None
        sent[str(select.attributes["name"])] = option.attributes["value"] or ""
    return sent


def test_the_stage_is_set_dismissed_with_a_reason_and_restored(person, tracker, fill) -> None:
    fill(1)
    page = person.send("/jobs/1/stage", status="interviewing")
    assert said(page) == "Engineer 1 is saved as interviewing."
    assert page.css_first("h1 ~ p .status").text() == "Interviewing"
    assert page.css("a[href$='/applications/1']")
    hidden = person.send("/jobs/1/dismiss", reason="too far")
    assert "too far" in banners(hidden)
    shown = person.send("/jobs/1/restore")
    assert "Dismissed" not in banners(shown)
    person.undo(shown)
    assert tracker.dismissals.of_job(1).reason == "too far"


def test_the_note_is_kept_and_a_stale_one_is_told(person, tracker, fill) -> None:
    fill(1)
    assert said(person.send("/jobs/1/note", text="first", version=0)) == "The note is saved."
    page = person.send("/jobs/1/note", text="second", version=1)
    stale = person.send("/jobs/1/note", 412, text="mine", version=1)
    assert stale.css_first("textarea[name=text]").text().strip() == "mine"
    assert "second" in banners(stale)
    assert stale.css_first("form[data-guarded] [name=version]").attributes["value"] == "2"
    long = person.send("/jobs/1/note", 422, text="x" * 20_001, version=2)
    assert "longer than 20,000 characters" in long.css_first("#text-hint").text()
    person.undo(page)
    assert tracker.jobs.note(1).text == "first"
    person.send("/jobs/1/note", text="", version=3)
    assert tracker.jobs.note(1) is None


def test_tags_come_and_go(person, tracker, fill) -> None:
    fill(1)
    page = person.send("/jobs/1/tags", tags="near, <b>")
    assert said(page) == "Tagged <b>, near."
    person.undo(page)
    assert tracker.tags.of("job", 1) == ()
    person.send("/jobs/1/tags", tags="near")
    person.undo(person.send("/jobs/1/tags/remove", tags="near"))
    assert tracker.tags.of("job", 1) == ("near",)
    assert "No tag was added" in said(person.send("/jobs/1/tags", tags="x" * 60))


def test_what_differs_from_when_one_applied_is_told(browser, tracker) -> None:
    for number in (1, 2):
        url = f"https://x.example/{number}"
        tracker.jobs.create(JobDraft(title="Nurse", url=url, company="Acme"))
    tracker.applications.create(ApplicationDraft(job_id=1, status="applied"))
    assert "says the same today" in browser.get("/jobs/1").text()
    tracker.jobs.update(1, JobChanges(title="Chief nurse", pay_text="90,000 EUR a year"))
    page = browser.get("/jobs/1")
    changes = page.css_first("section[aria-labelledby=snapshot]")
    assert [dt.text() for dt in changes.css("dt")] == ["Title", "Pay"]
    assert "Nurse → became Chief nurse" in " ".join(changes.text().split())
    others = page.css_first("section[aria-labelledby=others]")
    assert [a.attributes["href"] for a in others.css("li a")] == [f"{browser.prefix}/jobs/2"]


def test_a_job_is_entered_by_hand_and_taken_back(person, tracker) -> None:
    empty = person.send("/jobs/new", 422, company="Acme", employment=["contract", "internship"])
    assert [field.attributes["id"] for field in empty.css("[aria-invalid=true]")] == [
        "title",
        "url",
    ]
    assert empty.css_first("#company").attributes["value"] == "Acme"
    assert len(empty.css("#employment option[selected]")) == 2
    page = person.send(
        "/jobs/new",
        title="Nurse",
        url="https://x.example/1",
        company="Acme",
        skills="SQL, care",
        pay_min="50000",
        pay_currency="eur",
        pay_interval="year",
        posted_at="2026-11-20",
        employment=["contract", "internship"],
        description="Care & more",
    )
    job = tracker.jobs.search().items[0]
    assert (job.source, job.skills, job.pay_min) == ("manual", ("SQL", "care"), 50000)
    assert (job.pay_currency, job.posted_at) == ("EUR", datetime(2026, 11, 20, tzinfo=UTC))
    assert len(job.employment) == 2
    # What only sites have is not told of it.
    facts = " ".join(page.css_first("[aria-labelledby=facts]").text().split())
    assert "Entered by hand" in facts
    assert not any(told in facts for told in ("Last seen", "on a list", job.source_id))
    assert page.css_first("a[data-key=v]").text() == "Open the original"
    person.undo(page)
    assert tracker.jobs.count() == 0


def test_a_job_that_seems_to_be_stored_is_added_only_if_that_is_said_again(person, tracker) -> None:
    tracker.jobs.create(JobDraft(title="Nurse", url="https://x.example/1", company="Acme"))
    for fields in (
        {"title": "Other", "url": "https://x.example/1"},
        {"title": "NURSE", "url": "https://x.example/2", "company": "acme"},
    ):
        warned = person.send("/jobs/new", 409, **fields)
        assert warned.css_first(".banner a[href*=jobs]").attributes["href"].endswith("/jobs/1")
        assert warned.css_first("#title").attributes["value"] == fields["title"]
    assert tracker.jobs.count() == 1
    person.send("/jobs/new", title="Nurse", url="https://x.example/1", anyway="1")
    assert tracker.jobs.count() == 2


def test_the_bookmark_fills_the_form_in(browser, tracker) -> None:
    tracker.jobs.create(JobDraft(title="Nurse", url="https://x.example/1?a=1&b"))
    address = (
        f"/jobs/new?url={quote('https://x.example/1?a=1&b', safe='')}&title=A%20%3Cb%3E&text=care"
    )
    page = browser.get(address)
    assert page.css_first("#url").attributes["value"] == "https://x.example/1?a=1&b"
    assert page.css_first("#title").attributes["value"] == "A <b>"
    assert "care" in page.css_first("#description").text()
    assert "stored already" in banners(page)
    assert "There is no parameter 'x'" in browser.get("/jobs/new?x=1", status=400).text()
    assert bookmarklet("http://h:1/at").startswith(
        'javascript:(()=>{const e=encodeURIComponent;window.open("http://h:1/at"+'
    )
    assert bookmarklet("http://h").count("{") == bookmarklet("http://h").count("}")


def test_an_edit_sets_what_was_changed_alone_and_is_undone(person, browser, tracker, fill) -> None:
    fill(1)
    sent = values(browser.get("/jobs/1/edit"))
    page = person.send(
        "/jobs/1/edit", **(sent | {"title": "Chief", "pay_text": "90,000 EUR a year"})
    )
    job = tracker.jobs.get(1).job
    assert (job.title, job.edited, job.pay_min) == ("Chief", ("pay", "title"), 90000)
    assert job.company == "Example Works"
    person.undo(page)
    job = tracker.jobs.get(1).job
    assert (job.title, job.edited, job.pay_min) == ("Engineer 1", (), None)
    assert (
        said(person.send("/jobs/1/edit", **values(browser.get("/jobs/1/edit"))))
        == "Nothing was changed."
    )


def test_an_edit_that_is_wrong_or_late_keeps_what_was_typed(person, browser, tracker, fill) -> None:
    fill(1)
    sent = values(browser.get("/jobs/1/edit"))
    wrong = person.send("/jobs/1/edit", 422, **(sent | {"url": "ftp://x", "title": "Mine"}))
    assert [field.attributes["id"] for field in wrong.css("[aria-invalid=true]")] == ["url"]
    assert wrong.css_first("#title").attributes["value"] == "Mine"
    tracker.jobs.update(1, JobChanges(title="Theirs"))
    late = person.send("/jobs/1/edit", 412, **(sent | {"title": "Mine"}))
    assert late.css_first("#title").attributes["value"] == "Mine"
    assert "Theirs" in banners(late)
    person.send("/jobs/1/edit", **values(late))
    assert tracker.jobs.get(1).job.title == "Mine"
    person.send("/jobs/1/edit", **(values(browser.get("/jobs/1/edit")) | {"release": "title"}))
    assert tracker.jobs.get(1).job.edited == ()


def test_a_deleted_job_leads_to_the_list(person, tracker, fill) -> None:
    fill(1)
    assert said(person.send("/jobs/1/delete", version=1)) == "Engineer 1 is deleted."
    assert tracker.jobs.count() == 0
