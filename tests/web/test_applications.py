"""Applications on the portal: board, list, one of them with what belongs to it, and companies."""

from __future__ import annotations

import random
import string
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser

from jobtracker_core.storage.applications import ApplicationChanges, ApplicationDraft
from jobtracker_core.storage.companies import CompanyDraft
from jobtracker_core.storage.contacts import ContactDraft
from jobtracker_core.storage.timeline import EventDraft
from jobtracker_core.web import board, companies

PART = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html"}
HOSTILE = '<img src=x onerror="alert(1)"> evil'


class Writer:
    """Sends forms, and follows where they lead."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def send(
        self, path: str, expected: int = 303, *, part: bool = False, **fields: Any
    ) -> LexborHTMLParser:
        answer = self.browser.client.post(
            self.browser.prefix + path,
            data=fields,
            headers=PART if part else {"Accept": "text/html"},
            follow_redirects=False,
        )
        assert answer.status_code == expected, answer.text
        if expected == HTTPStatus.SEE_OTHER:
            place = answer.headers["location"]
            assert place.startswith(self.browser.prefix + "/")
            page: LexborHTMLParser = self.browser.get(place.removeprefix(self.browser.prefix))
            return page
        return LexborHTMLParser(answer.text)

    def undo(self, page: LexborHTMLParser, expected: int = 303) -> LexborHTMLParser:
        [form] = page.css(".toast form")
        fields: dict[str, Any] = {
            str(one.attributes["name"]): one.attributes["value"] or ""
            for one in form.css("input[name]")
        }
        path = str(form.attributes["action"]).removeprefix(self.browser.prefix)
        return self.send(path, expected, **fields)


@pytest.fixture
def writer(browser) -> Writer:
    return Writer(browser)


def noise(length: int) -> str:
    """Return a text that cannot be written any shorter."""
    return "".join(random.Random(length).choices(string.ascii_letters + string.digits, k=length))


def said(page: LexborHTMLParser) -> str:
    [told] = page.css(".toast > span")
    return " ".join(told.text().split())


def value(page: LexborHTMLParser, name: str) -> str | None:
    field = page.css_first(f"main form [name={name}]")
    assert field is not None
    return field.text(strip=True) if field.tag == "textarea" else field.attributes.get("value")


def columns(page: LexborHTMLParser) -> dict[str, list[str]]:
    return {
        str(column.attributes["data-column"]): [
            link.text(strip=True) for link in column.css("a[data-row]")
        ]
        for column in page.css("[data-column]")
    }


def test_the_board_shows_where_each_stands(writer, tracker) -> None:
    assert "No applications yet" in writer.browser.get("/applications").css_first("main").text()
    tracker.applications.create(
        ApplicationDraft(
            title=HOSTILE,
            company=HOSTILE,
            next_action=HOSTILE,
            next_action_on=date(2020, 1, 1),
            status="offer",
        )
    )
    tracker.applications.create(ApplicationDraft(title="Other", company="Brightwater"))
    tracker.tags.put("application", 2, ["far"])
    page = writer.browser.get("/applications")
    assert columns(page) == {
        **{stage: [] for stage in ("applied", "interviewing", "accepted")},
        **{stage: [] for stage in ("rejected", "withdrawn")},
        "draft": ["Other"],
        "offer": [HOSTILE],
    }
    assert "Overdue" in page.css_first("#application-1").text()
    assert page.css("main img") == []
    assert columns(writer.browser.get("/applications?company=bright"))["offer"] == []
    assert columns(writer.browser.get("/applications?tag=FAR"))["draft"] == ["Other"]
    assert "match these filters" in writer.browser.get("/applications?q=zzz").text()
    for wrong in ("colour=red", "view=tree", "after=1", "view=list&status=lost", "q=a&q=b"):
        assert writer.browser.get(f"/applications?{wrong}", status=400).css("h1")


def test_a_card_is_moved_once_and_moved_back(writer, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    fields = {"status": "applied", "version": 1, "card": 1}
    answer = writer.send("/applications/1/stage", 200, part=True, **fields)
    card = answer.css_first("[data-part=card] [data-card]")
    assert (card.attributes["data-version"], card.attributes["data-status"]) == ("2", "applied")
    assert said(answer) == "Role is applied now."
    # Somebody who saw it before that.
    refused = writer.send("/applications/1/stage", 412, part=True, **fields | {"status": "offer"})
    assert "changed meanwhile" in refused.css_first("[role=alert]").text()
    page = writer.undo(answer)
    assert said(page) == "Role is draft again."
    now = tracker.applications.get(1).application
    assert (now.status, now.applied_at) == ("draft", None)
    writer.undo(answer, 412)


def test_the_time_of_sending_survives_an_undo(writer, tracker) -> None:
    sent = datetime(2026, 3, 1, 9, tzinfo=UTC)
    tracker.applications.create(ApplicationDraft(title="A", status="applied", applied_at=sent))
    page = writer.send("/applications/1/stage", status="draft", version=1)
    writer.undo(page)
    now = tracker.applications.get(1).application
    assert (now.status, now.applied_at) == ("applied", sent)


def test_several_are_moved_moved_back_and_deleted(writer, tracker) -> None:
    for title in ("A", "B", "C"):
        tracker.applications.create(ApplicationDraft(title=title))
    rows = writer.browser.get("/applications?view=list").css("tr[data-item]")
    assert [row.attributes["data-item"] for row in rows] == ["3", "2", "1"]
    page = writer.send("/applications/bulk", ids="1,2", stage="rejected")
    assert said(page) == "2 applications moved to rejected."
    tracker.applications.update(2, ApplicationChanges(notes="later"))
    assert said(writer.undo(page)) == ("1 application moved back. 1 was changed since, and stayed.")
    assert tracker.applications.pipeline().draft == 2
    writer.send("/applications/bulk", ids="1,3", action="delete")
    assert [one.id for one in tracker.applications.list().items] == [2]


def test_what_is_edited_meets_what_others_did(writer, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role", notes="old", pay_wish="60k"))
    page = writer.send("/applications/1/edit", title="Better role", version=1)
    assert said(page) == "The application is changed."
    assert tracker.applications.get(1).application.notes == "old"
    refused = writer.send("/applications/1/edit", 412, notes="mine", pay_wish="60k", version=1)
    assert "changed elsewhere" in refused.css_first("main").text()
    assert value(refused, "notes") == "mine"
    assert value(refused, "version") == "2"
    differs = refused.css_first(".banner dl").text()
    assert "old" in differs
    assert "60k" not in differs
    wrong = writer.send("/applications/1/edit", 422, url="javascript:alert(1)", version=2)
    assert value(wrong, "url") == "javascript:alert(1)"
    assert wrong.css_first("#url[aria-invalid=true]") is not None
    assert wrong.css_first(".banner a[href='#url']").text() == "Address of the posting"
    writer.undo(page)
    assert tracker.applications.get(1).application.title == "Role"
    tagged = writer.send("/applications/1/tags", tags="far, first")
    assert value(tagged, "tags") == "far, first"
    writer.undo(tagged)
    assert tracker.applications.get(1).tags == ()


def test_an_application_is_made_by_hand_or_for_a_job(writer, tracker, fill) -> None:
    fill(1)
    form = writer.browser.get("/applications/new?job=1")
    assert value(form, "title") == "Engineer 1"
    writer.send("/applications/new", title="Engineer 1", job_id=1, status="applied")
    page = writer.browser.get("/applications/1")
    assert "The posting when you applied" in page.text()
    assert page.css("[hx-ignore] script") == []
    again = writer.send("/applications/new", 422, title="Engineer 1", job_id=1, status="draft")
    assert "still open" in again.text()
    refused = writer.send("/applications/new", 422, title="", company="X", status="draft")
    assert value(refused, "company") == "X"
    gone = writer.send("/applications/1/delete", version=1)
    assert said(gone) == "Engineer 1 is deleted."
    writer.browser.get("/applications/1", status=404)


def test_events_of_an_application_are_entered_done_changed_and_deleted(writer, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    given = {
        "application_id": 1,
        "kind": "interview",
        "title": HOSTILE,
        "start_day": "2026-11-01",
        "start_time": "09:30",
        "end_time": "11:00",
        "timezone": "America/New_York",
    }
    page = writer.send("/events/new", **given)
    assert page.css("main img") == []
    event = tracker.timeline.get(2)
    assert event.starts_at == datetime(2026, 11, 1, 14, 30, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 11, 1, 16, tzinfo=UTC)
    bad = writer.send("/events/new", 422, **given | {"start_time": "", "timezone": "Mars"})
    assert bad.css_first("#start_time[aria-invalid=true]") is not None
    zones = bad.css_first(f"#{bad.css_first('#timezone').attributes['list']}")
    assert zones.css_first("option[value='Europe/Berlin']") is not None
    assert value(bad, "start_day") == "2026-11-01"
    done = writer.send(
        "/events/2/done", done=1, version=1, back=f"{writer.browser.prefix}/applications/1"
    )
    assert tracker.timeline.get(2).done_at is not None
    writer.undo(done)
    assert tracker.timeline.get(2).done_at is None
    now = given | {"title": "Talk", "all_day": "on", "version": 3}
    changed = writer.send("/events/2", **now)
    assert tracker.timeline.get(2).starts_at == datetime(2026, 11, 1, 4, tzinfo=UTC)
    stale = writer.send("/events/2", 412, **now | {"title": "Mine"})
    assert value(stale, "title") == "Mine"
    writer.undo(changed)
    assert tracker.timeline.get(2).starts_at == event.starts_at
    deleted = writer.send("/events/2/delete", version=5)
    writer.undo(deleted)
    [made] = [one for one in tracker.timeline.list(application_id=1).items if one.kind != "status"]
    assert (made.title, made.starts_at, made.ends_at) == (HOSTILE, event.starts_at, event.ends_at)


def test_contacts_are_entered_changed_and_removed(writer, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    writer.send("/contacts/new", application_id=1, name="Ann", email="ann@x.example")
    wrong = writer.send("/contacts/new", 422, application_id=1, name="Bo", email="none")
    assert value(wrong, "email") == "none"
    changed = writer.send("/contacts/1", name="Ann Lee", version=1)
    writer.send("/contacts/1", 412, name="Anna", version=1)
    writer.undo(changed)
    removed = writer.send("/contacts/1/delete", version=3)
    assert tracker.contacts.list(application_id=1).items == ()
    assert "Ann" in writer.undo(removed).css_first("main").text()
    [one] = tracker.contacts.list(application_id=1).items
    assert (one.name, one.email) == ("Ann", "ann@x.example")


def test_companies_with_their_jobs_and_people(writer, tracker, fill) -> None:
    fill(2)
    page = writer.send("/companies/new", name="Brightwater", founded="1999")
    company = page.css_first("h1").text(strip=True)
    assert company == "Brightwater"
    assert "taken" in writer.send("/companies/new", 422, name="BRIGHTWATER").text()
    [made] = tracker.companies.list(text="Brightwater").items
    wrong = writer.send(f"/companies/{made.id}/edit", 422, founded="later", version=1)
    assert value(wrong, "founded") == "later"
    changed = writer.send(f"/companies/{made.id}/edit", industry=HOSTILE, version=1)
    writer.send(f"/companies/{made.id}/edit", 412, industry="Water", version=1)
    assert writer.browser.get("/companies").css("main img") == []
    writer.undo(changed)
    assert tracker.companies.get(made.id).industry is None
    tracker.contacts.create(ContactDraft(company_id=made.id, name="Bo"))
    assert "Bo" in writer.browser.get(f"/companies/{made.id}").css_first("main").text()
    assert "has that in its name" in writer.browser.get("/companies?q=zzz").text()
    writer.browser.get("/companies?sort=size", status=400)


def test_the_calendar_shows_a_month_and_its_kinds(writer, tracker) -> None:
    tracker.timeline.create(
        EventDraft(
            kind="interview",
            title=HOSTILE,
            starts_at=datetime(2026, 11, 1, 3, tzinfo=UTC),
            timezone="Europe/Berlin",
        )
    )
    writer.browser.client.cookies.set("jt-zone", "America/New_York")
    page = writer.browser.get("/calendar?month=2026-10")
    [shown] = page.css("td:not([data-outside]) .event")
    # In New York it is the evening before, in the summer's time.
    assert shown.css_first(".num").text() == "23:00"
    assert page.css("main img") == []
    assert writer.browser.get("/calendar?month=2026-10&kinds=call,note").css("td .event") == []
    agenda = writer.browser.get("/calendar?month=2026-10&view=agenda")
    assert agenda.css("table") == []
    assert agenda.css_first("#day-2026-10-31") is not None
    for wrong in ("month=2026-13", "month=0000-01", "view=year", "kinds=party", "day=1"):
        writer.browser.get(f"/calendar?{wrong}", status=400)
    for border in ("1900-02", "2200-11"):
        assert writer.browser.get(f"/calendar?month={border}").css("table.month")


def test_an_agenda_of_this_month_begins_with_today(writer, tracker) -> None:
    noon = datetime.now(UTC).replace(hour=12)
    tracker.timeline.create(EventDraft(kind="call", starts_at=noon.replace(day=1), timezone="UTC"))
    page = writer.browser.get(f"/calendar?month={noon:%Y-%m}&view=agenda")
    [today] = [day for day in page.css("[id^=day-]") if "Today," in day.text()]
    shown = [day.attributes["id"] for day in page.css("[id^=day-]")]
    folded = [day.attributes["id"] for day in page.css("details [id^=day-]")]
    assert shown[len(folded) :] == [today.attributes["id"]]
    assert folded == ([f"day-{noon:%Y-%m}-01"] if noon.day > 1 else [])


def test_an_address_of_the_calendar_is_shown_once_and_revoked(writer, tracker) -> None:
    page = writer.send("/calendar/feeds", 200, name="Phone")
    address = page.css_first(".code code").text()
    path = address.removeprefix("http://127.0.0.1")
    assert path.startswith(f"{writer.browser.prefix}/feeds/")
    assert writer.browser.client.get(path).text.startswith("BEGIN:VCALENDAR")
    assert path not in (writer.browser.get("/calendar/feeds").html or "")
    assert value(writer.send("/calendar/feeds", 422, name=""), "name") == ""
    writer.send("/calendar/feeds/1/revoke")
    assert writer.browser.client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/applications", "/calendar", "/companies", "/events/new"])
def test_strangers_are_led_to_the_login(browser, path: str) -> None:
    browser.client.cookies.clear()
    answer = browser.client.get(
        browser.prefix + path, headers={"Accept": "text/html"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert "/login" in answer.headers["location"]


def test_a_column_is_bounded_and_the_list_has_an_order(writer, tracker, monkeypatch) -> None:
    monkeypatch.setattr(board, "MOST_CARDS", 2)
    for day in (date(2026, 12, 3), date(2026, 12, 1), None):
        tracker.applications.create(ApplicationDraft(title="Role", next_action_on=day))
    page = writer.browser.get("/applications?q=role")
    assert len(columns(page)["draft"]) == 2
    [more] = [link for link in page.css("section a") if "in the list" in link.text()]
    assert more.text() == "All 3 in the list"
    path = (more.attributes["href"] or "").removeprefix(writer.browser.prefix)
    listed = writer.browser.get(f"{path}&sort=next_action")
    rows = [row.attributes["data-item"] for row in listed.css("tr[data-item]")]
    assert rows == ["2", "1", "3"]
    [link] = [one for one in listed.css("nav a") if one.text() == "Board"]
    assert (link.attributes["href"] or "").endswith("/applications?q=role")
    [csv] = [one for one in listed.css("a[download]") if "CSV" in one.text()]
    assert writer.browser.client.get(csv.attributes["href"] or "").status_code == 200


def test_what_no_undo_could_bring_back_is_asked_for_first(writer, tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="Role"))
    tracker.contacts.create(ContactDraft(name=HOSTILE, notes=noise(4_000), application_id=1))
    asked = writer.send("/contacts/1/delete", 200, version=1)
    assert "too long" in asked.css_first("main").text()
    assert asked.css("main img") == []
    fields = {str(f.attributes["name"]): f.attributes["value"] for f in asked.css("main input")}
    assert tracker.contacts.get(1).version == 1
    writer.send("/contacts/1/delete", **fields)
    assert tracker.contacts.list(application_id=1).items == ()
    tracker.timeline.create(
        EventDraft(
            kind="note",
            text=noise(4_000),
            application_id=1,
            starts_at=datetime(2026, 3, 1, tzinfo=UTC),
        )
    )
    writer.send("/events/2/delete", 200, version=1)
    writer.send("/events/2/delete", version=1, confirmed=1)
    assert len(tracker.timeline.list(application_id=1).items) == 1


def test_the_pages_of_companies_lead_on_and_back(browser, tracker, monkeypatch) -> None:
    monkeypatch.setattr(companies, "PAGE", 2)
    for name in ("Ash", "Birch", "Cedar", "Elm", "Fir"):
        tracker.companies.create(CompanyDraft(name=name))

    def names(page: LexborHTMLParser) -> list[str]:
        return [link.text(strip=True) for link in page.css("a[data-row]")]

    def follow(page: LexborHTMLParser, rel: str) -> LexborHTMLParser:
        [link] = page.css(f"a[rel={rel}]")
        path = str(link.attributes["href"]).removeprefix(browser.prefix)
        led: LexborHTMLParser = browser.get(path)
        return led

    first = browser.get("/companies")
    assert (names(first), first.css("a[rel=prev]")) == (["Ash", "Birch"], [])
    second = follow(first, "next")
    third = follow(second, "next")
    assert (names(second), names(third), third.css("a[rel=next]")) == (
        ["Cedar", "Elm"],
        ["Fir"],
        [],
    )
    assert names(follow(third, "prev")) == names(second)
    assert names(follow(second, "prev")) == names(first)
    # Who comes back to the top sees that page whole, with what was entered since.
    tracker.companies.create(CompanyDraft(name="Alder"))
    assert names(browser.get("/companies?before=birch")) == ["Alder", "Ash"]
    browser.get("/companies?before=birch&after=ash", status=400)
