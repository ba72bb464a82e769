"""The board, the list of applications, and one application: each step, its undo, what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core.storage.applications import ApplicationChanges, ApplicationDraft
from jobtracker_core.storage.companies import CompanyDraft
from jobtracker_core.storage.contacts import ContactDraft
from jobtracker_core.storage.timeline import EventChanges, EventDraft
from jobtracker_core.web import board

PART = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html"}
HOSTILE = "<script>alert(1)</script> שלום & Co"


class Person:
    """Sends forms without script, and follows."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def send(self, path: str, expected: int = 303, **fields: Any) -> LexborHTMLParser:
        answer = self.browser.client.post(
            self.browser.prefix + path,
            data=fields,
            headers={"Accept": "text/html"},
            follow_redirects=False,
        )
        assert answer.status_code == expected, answer.text
        if expected != 303:
            return LexborHTMLParser(answer.text)
        page: LexborHTMLParser = self.browser.get(
            answer.headers["location"].removeprefix(self.browser.prefix)
        )
        return page

    def undo(self, page: LexborHTMLParser) -> LexborHTMLParser:
        [form] = page.css(".toast form")
        fields = {str(f.attributes["name"]): f.attributes["value"] or "" for f in form.css("input")}
        path = (form.attributes["action"] or "").removeprefix(self.browser.prefix)
        return self.send(path, **fields)


@pytest.fixture
def person(browser) -> Person:
    return Person(browser)


def said(page: LexborHTMLParser) -> str:
    [told] = page.css(".toast > span")
    return " ".join(told.text().split())


def cards(page: LexborHTMLParser, status: str) -> list[str | None]:
    return [card.attributes["id"] for card in page.css(f"[data-column={status}] > li")]


def stale_form(page: LexborHTMLParser, name: str) -> tuple[str, str]:
    """Return what a refused form keeps of a field, and the version that it is for now."""
    field = page.css_first(f"form[data-guarded] [name={name}]")
    version = page.css_first("form[data-guarded] [name=version]").attributes["value"]
    return field.attributes.get("value") or field.text().strip(), version or ""


def test_the_board_has_each_application_in_its_column_with_what_is_due(browser, tracker) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=2)
    for status in ("draft", "interviewing", "withdrawn"):
        tracker.applications.create(
            ApplicationDraft(title=f"Role {status}", company=HOSTILE, status=status)
        )
    tracker.applications.update(
        2, ApplicationChanges(next_action="Ask", next_action_on=yesterday.isoformat())
    )
    page = browser.get("/applications")
    assert [cards(page, each) for each in ("draft", "applied", "interviewing", "withdrawn")] == [
        ["application-1"],
        [],
        ["application-2"],
        ["application-3"],
    ]
    assert "Overdue" in page.css_first("#application-2").text()
    assert page.css_first("#application-2 p bdi").text() == HOSTILE
    assert not page.css("main script")
    assert len(page.css("#application-1 [data-stage-form] button")) == 7


def test_a_column_is_bounded_and_leads_to_the_list(browser, tracker, monkeypatch) -> None:
    monkeypatch.setattr(board, "MOST_CARDS", 2)
    for number in range(3):
        tracker.applications.create(ApplicationDraft(title=f"Role {number}"))
    page = browser.get("/applications?q=role")
    assert len(cards(page, "draft")) == 2
    [more] = [link for link in page.css("section a") if "in the list" in link.text()]
    assert more.text() == "All 3 in the list"
    shown = browser.get((more.attributes["href"] or "").removeprefix(browser.prefix))
    assert len(shown.css("tbody tr")) == 3


def test_empty_and_wrong_addresses_tell_what_to_do(browser, tracker) -> None:
    assert "No applications yet" in browser.get("/applications").text()
    assert "No applications yet" in browser.get("/applications?view=list").text()
    tracker.applications.create(ApplicationDraft(title="Role"))
    assert "match these filters" in browser.get("/applications?q=nothing").text()
    for wrong in ("/applications?stage=offer", "/applications?view=grid", "/applications?q=a&q=b"):
        assert browser.get(wrong, status=400).css("h1")
    assert browser.get("/applications?view=list&status=lost", status=400).css("h1")
    assert browser.get("/applications/99", status=404).css("h1")


def test_a_card_is_answered_with_itself_as_it_is_then(browser, tracker) -> None:
    made = tracker.applications.create(ApplicationDraft(title="Role"))
    sent = {"status": "applied", "version": made.version, "card": "1"}
    path = f"{browser.prefix}/applications/1/stage"
    answer = LexborHTMLParser(browser.client.post(path, data=sent, headers=PART).text)
    [card] = answer.css("[data-part=card] [data-card]")
    assert (card.attributes["data-status"], card.attributes["data-version"]) == ("applied", "2")
    assert answer.css("[data-part=toast] [data-undo]")
    # The same card on another screen is of a version that is gone.
    late = browser.client.post(path, data=sent | {"status": "offer"}, headers=PART)
    assert late.status_code == 412
    assert tracker.applications.get(1).application.status == "applied"


def test_a_move_is_undone_unless_something_came_after_it(person, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role", status="applied"))
    sent = tracker.applications.get(1).application.applied_at
    moved = person.send("/applications/1/stage", status="draft", version=1)
    assert said(moved) == "Role is draft now."
    assert said(person.undo(moved)) == "Role is applied again."
    now = tracker.applications.get(1).application
    assert (now.status, now.applied_at) == ("applied", sent)
    moved = person.send("/applications/1/stage", status="offer", version=now.version)
    tracker.applications.update(1, ApplicationChanges(notes="Later"))
    [form] = moved.css(".toast form")
    fields = {f.attributes["name"]: f.attributes["value"] for f in form.css("input")}
    person.send("/applications/1/stage/undo", 412, **fields)
    assert tracker.applications.get(1).application.status == "offer"


def test_several_are_moved_and_taken_back_or_deleted(person, tracker) -> None:
    for status in ("draft", "applied", "offer"):
        tracker.applications.create(ApplicationDraft(title=status, status=status))
    page = person.send("/applications/bulk", ids="1,2,3", stage="offer")
    assert said(page) == "2 applications moved to offer."
    assert said(person.undo(page)) == "2 applications moved back."
    statuses = {one.id: one.status for one in tracker.applications.list().items}
    assert statuses == {1: "draft", 2: "applied", 3: "offer"}
    page = person.send("/applications/bulk", ids="1,2", action="delete")
    assert said(page) == "2 applications deleted."
    assert [one.id for one in tracker.applications.list().items] == [3]
    person.send("/applications/bulk", 400, stage="offer")
    assert said(person.send("/applications/3/delete", version=1)) == "offer is deleted."


def test_one_is_entered_by_hand_or_for_a_job(person, browser, tracker, fill) -> None:
    fill(1)
    form = browser.get("/applications/new?job=1")
    assert form.css_first("[name=title]").attributes["value"] == "Engineer 1"
    page = person.send("/applications/new", job_id=1, title="Engineer 1", status="applied")
    assert page.css_first("h1").text() == "Engineer 1"
    assert "The posting when you applied" in page.text()
    assert page.css("a[href$='/jobs/1']")
    again = person.send("/applications/new", 422, job_id=1, title="Mine", status="draft")
    assert "applied for already" in again.text()
    assert again.css_first("[name=title]").attributes["value"] == "Mine"
    tracker.companies.create(CompanyDraft(name="Example Works"))
    page = person.send("/applications/new", title=HOSTILE, company="example works", status="draft")
    assert page.css_first("h1").text() == HOSTILE
    assert page.css("a[href$='/companies/1']"), "a stored company is found by its name"
    empty = person.send("/applications/new", 422, title="", company="Kept", status="draft")
    assert empty.css_first("[name=company]").attributes["value"] == "Kept"


def test_facts_notes_and_the_next_action_are_changed_with_undo(person, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role", notes="Old"))
    page = person.send(
        "/applications/1/edit", next_action="Call", next_action_on="2026-12-01", version=1
    )
    made = tracker.applications.get(1).application
    assert (made.next_action, made.next_action_on) == ("Call", date(2026, 12, 1))
    person.undo(page)
    assert tracker.applications.get(1).application.next_action is None
    page = person.send("/applications/1/edit", notes="New", version=3)
    person.undo(page)
    assert tracker.applications.get(1).application.notes == "Old"
    stale = person.send("/applications/1/edit", 412, notes="Mine", title="Other", version=1)
    assert stale_form(stale, "notes") == ("Mine", "5")
    assert any("Old" in banner.text() for banner in stale.css("main .banner"))
    wrong = person.send(
        "/applications/1/edit", 422, next_action_on="soon", title="Typed", version=5
    )
    assert stale_form(wrong, "title") == ("Typed", "5")
    assert wrong.css("#next_action_on[aria-invalid]")
    assert said(person.send("/applications/1/edit", title="Role", version=5)) == (
        "Nothing was changed."
    )


def test_tags_are_replaced_with_undo(person, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    person.send("/applications/1/tags", tags="remote, first choice")
    page = person.send("/applications/1/tags", tags="remote")
    person.undo(page)
    assert set(tracker.applications.get(1).tags) == {"remote", "first choice"}


def test_contacts_are_entered_changed_and_removed_with_undo(person, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    page = person.send("/contacts/new", application_id=1, name=HOSTILE, email="a@b.example")
    assert page.css_first("#contacts").parent.parent.css_first("li bdi").text() == HOSTILE
    page = person.send("/contacts/1", name="Ann", email="a@b.example", version=1)
    person.undo(page)
    assert tracker.contacts.get(1).name == HOSTILE
    stale = person.send("/contacts/1", 412, name="Mine", email="a@b.example", version=1)
    assert stale_form(stale, "name") == ("Mine", "3")
    wrong = person.send("/contacts/1", 422, name="", email="a@b.example", version=3)
    assert wrong.css("#name[aria-invalid]")
    page = person.send("/contacts/1/delete", version=3)
    assert tracker.contacts.list(application_id=1).items == ()
    person.undo(page)
    [back] = tracker.contacts.list(application_id=1).items
    assert (back.name, back.email) == (HOSTILE, "a@b.example")


EVENT = {
    "kind": "interview",
    "title": "Talk",
    "start_day": "2026-03-29",
    "start_time": "01:30",
    "end_time": "03:30",
    "timezone": "Europe/Berlin",
    "reminder_min": "60",
}


def test_events_are_entered_by_the_clock_of_their_zone(person, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    page = person.send("/events/new", application_id=1, **EVENT)
    made = tracker.timeline.get(2)
    # An hour of that night is missing in Berlin.
    assert made.starts_at == datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert made.ends_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert page.css("#event-2")
    person.undo(page)
    assert [event.id for event in tracker.timeline.list(application_id=1).items] == [1]
    wrong = person.send("/events/new", 422, application_id=1, **EVENT | {"start_day": ""})
    assert wrong.css("#start_day[aria-invalid]")
    assert wrong.css_first("[name=title]").attributes["value"] == "Talk"
    wrong = person.send("/events/new", 422, application_id=1, **EVENT | {"timezone": "Moon/Base"})
    assert wrong.css("#timezone[aria-invalid]")


def test_events_are_done_changed_and_deleted_with_undo(person, browser, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    person.send("/events/new", application_id=1, **EVENT)
    page = person.send("/events/2/done", done=1, version=1)
    assert tracker.timeline.get(2).done_at is not None
    person.undo(page)
    assert tracker.timeline.get(2).done_at is None
    page = person.send("/events/2", **EVENT | {"title": "Other", "start_time": "00:30"}, version=3)
    assert tracker.timeline.get(2).title == "Other"
    person.undo(page)
    made = tracker.timeline.get(2)
    assert (made.title, made.starts_at.hour) == ("Talk", 0)
    stale = person.send("/events/2", 412, **EVENT | {"title": "Mine"}, version=1)
    assert stale_form(stale, "title") == ("Mine", str(made.version))
    page = person.send("/events/2/delete", version=made.version, back=browser.prefix + "/jobs")
    person.undo(page)
    [again] = [e for e in tracker.timeline.list(application_id=1).items if e.kind == "interview"]
    assert (again.starts_at, again.ends_at) == (made.starts_at, made.ends_at)
    assert (again.reminder_min, again.timezone) == (60, "Europe/Berlin")


def test_a_stranger_gets_the_login(browser, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    tracker.timeline.create(
        EventDraft(title="Talk", kind="call", starts_at="2026-03-29T10:00:00Z", application_id=1)
    )
    tracker.contacts.create(ContactDraft(name="Ann", application_id=1))
    browser.client.cookies.clear()
    browser.client.headers.pop("Authorization")
    for path in ("/applications", "/applications/1", "/applications/new", "/events/2"):
        answer = browser.client.get(
            browser.prefix + path, headers={"Accept": "text/html"}, follow_redirects=False
        )
        assert answer.status_code == 303, path
        assert "/login" in answer.headers["location"]


def test_a_move_in_the_timeline_is_not_edited(browser, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    tracker.timeline.create(
        EventDraft(title="Talk", kind="call", starts_at="2026-03-29T10:00:00Z", application_id=1)
    )
    tracker.timeline.update(2, EventChanges(done=True))
    page = browser.get("/applications/1")
    assert page.css("#event-2 a[href$='/events/2']")
    assert not page.css("#event-1 a")
    moves = browser.client.get(f"{browser.prefix}/events/1", follow_redirects=False)
    assert moves.headers["location"] == f"{browser.prefix}/applications/1"
