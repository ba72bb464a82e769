"""The first page, its counts, and what is due: done, put off, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

import pytest
from litestar.testing import TestClient
from selectolax.lexbor import LexborHTMLParser, LexborNode

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import runs
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.timeline import EventDraft
from jobtracker_core.tracker import JobTracker
from queueing import put, take, turn_on

Fill = Callable[..., None]
below = pytest.mark.parametrize("prefix", ["/at/work"])
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial", "Accept": "text/html"}


class Browser(Protocol):
    client: TestClient[Any]
    prefix: str

    def get(self, path: str, *, status: int = 200, **headers: str) -> LexborHTMLParser: ...


def texts(page: LexborHTMLParser | LexborNode, selector: str) -> list[str]:
    return [" ".join(node.text().split()) for node in page.css(selector)]


def fields(form: LexborNode) -> dict[str, str]:
    return {
        str(node.attributes["name"]): node.attributes["value"] or "" for node in form.css("input")
    }


def send(browser: Browser, form: LexborNode, **headers: str) -> Any:
    action = form.attributes["action"] or ""
    return browser.client.post(action, data=fields(form), headers=headers, follow_redirects=False)


def test_with_nothing_it_leads_to_the_first_search(browser: Browser) -> None:
    page = browser.get("/")
    assert texts(page, "h1") == ["Today"]
    (button,) = page.css("main .btn-primary")
    assert button.attributes["href"] == f"{browser.prefix}/welcome"
    assert page.css("#due") == []


@below
def test_what_is_new_leads_to_triage(browser: Browser, tracker: JobTracker, fill: Fill) -> None:
    fill(8, title="Nurse <i>")
    page = browser.get("/")
    assert texts(page, "main .btn-primary") == ["Triage 8 new"]
    assert texts(page, "section[aria-labelledby=new-title] a[data-row]") == ["Nurse <i>"] * 6
    path = (page.css("main .btn-primary")[0].attributes["href"] or "").removeprefix(browser.prefix)
    assert path == "/jobs?has_application=false&closed=false"
    assert texts(browser.get(path), "#count") == ["8 jobs"]
    counts = browser.client.get(f"{browser.prefix}/counts")
    assert counts.headers["cache-control"] == "private, no-store"
    assert counts.json() == {"jobs": {"text": "8", "words": "8 new"}}
    browser.get("/?q=x", status=400)


@below
def test_counts_stop_at_99(browser: Browser, fill: Fill) -> None:
    fill(100)
    assert browser.client.get(f"{browser.prefix}/counts").json()["jobs"]["text"] == "99+"


@below
def test_an_event_is_done_or_put_off_and_taken_back(browser: Browser, tracker: JobTracker) -> None:
    now = tracker.database.present()
    starts = now - timedelta(days=3)
    made = tracker.timeline.create(
        EventDraft(
            kind="interview",
            title="Talk <b>",
            starts_at=starts,
            ends_at=starts + timedelta(hours=1),
            timezone="Asia/Tokyo",
        )
    )
    page = browser.get("/")
    assert "1 late" in page.css("#due")[0].text()
    assert browser.client.get(f"{browser.prefix}/counts").json()["today"]["words"] == "1 due"
    done, tomorrow = page.css("#due form")

    here = {"HX-Current-URL": f"http://127.0.0.1{browser.prefix}/"}
    answer = send(browser, done, **PARTIAL, **here)
    part = LexborHTMLParser(answer.text)
    assert "Nothing is due" in part.css("#due")[0].text()
    assert tracker.timeline.get(made.id).done_at is not None
    undo = part.css("hx-partial[hx-target='#toasts'] form")[0]
    # Somebody who saw the older list learns that it is not so any more, in a toast.
    stale = send(browser, done, **PARTIAL)
    assert (stale.status_code, stale.headers["hx-retarget"]) == (412, "#toasts")
    assert stale.headers["hx-reswap"] == "beforeend"
    assert LexborHTMLParser(stale.text).css(".toast-wrong[role=alert]")
    back = send(browser, undo, **{"HX-Request": "true"})
    assert back.headers["hx-redirect"] == f"{browser.prefix}/"
    assert tracker.timeline.get(made.id).done_at is None

    page = browser.get("/")
    tomorrow = page.css("#due form")[1]
    answer = send(browser, tomorrow)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{browser.prefix}/")
    moved = tracker.timeline.get(made.id)
    assert moved.ends_at is not None
    assert moved.ends_at - moved.starts_at == timedelta(hours=1)
    assert moved.starts_at.time() == made.starts_at.time()
    page = browser.get("/")
    assert "Moved to tomorrow: Talk <b>" in page.css("#toasts")[0].text()
    send(browser, page.css("#toasts form")[0])
    restored = tracker.timeline.get(made.id)
    assert (restored.starts_at, restored.ends_at) == (made.starts_at, made.ends_at)
    # An undo is not one of what somebody else did since.
    assert send(browser, page.css("#toasts form")[0]).status_code == 412


@below
def test_a_next_action_is_done_or_put_off_and_taken_back(
    browser: Browser, tracker: JobTracker
) -> None:
    today = tracker.database.present().date()
    made = tracker.applications.create(
        ApplicationDraft(title="Nurse", next_action="Call Ms Li", next_action_on=today)
    )

    def action() -> tuple[object, object]:
        found = tracker.applications.get(made.id).application
        return found.next_action, found.next_action_on

    for at, after in ((0, (None, None)), (1, ("Call Ms Li", today + timedelta(days=1)))):
        send(browser, browser.get("/").css("#due form")[at])
        assert action() == after
        send(browser, browser.get("/").css("#toasts form")[0])
        assert action() == ("Call Ms Li", today)
    path = f"{browser.prefix}/today/actions/{made.id}/undo"
    wrong = browser.client.post(path, data={"next_action_on": "soon"})
    assert wrong.status_code == 400


@below
def test_failures_are_told_in_words(browser: Browser, tracker: JobTracker) -> None:
    turn_on(tracker.database)
    run = put(tracker.database)
    runs.finish(
        tracker.database,
        take(tracker.database),
        state=RunState.FAILED,
        error_class="parse",
        error_message="no <rows> in the list",
    )
    tracker.timeline.create(EventDraft(kind="note"))
    tracker.applications.create(ApplicationDraft(title="Nurse"))
    page = browser.get("/")
    section = page.css("section[aria-labelledby=failed-title]")[0]
    assert "just now: no <rows> in the list" in " ".join(section.text().split())
    assert section.css("a")[0].attributes["href"] == f"{browser.prefix}/admin/runs/{run}"
    words = browser.client.get(f"{browser.prefix}/counts").json()["admin"]["words"]
    assert words == "1 failed"


@below
def test_the_palette_finds_what_is_stored(
    browser: Browser, tracker: JobTracker, fill: Fill
) -> None:
    fill(1, title="Nurse <b>", company="Nursing & Co")
    tracker.applications.create(ApplicationDraft(title="Head nurse"))
    part = browser.get("/palette?q=NURS", HX_Request_Type="partial")
    assert [node.attributes["aria-label"] for node in part.css("[role=group]")] == [
        *("Applications", "Jobs"),
    ]
    assert [node.attributes["href"] for node in part.css("[role=option]")] == [
        f"{browser.prefix}{path}" for path in ("/applications/1", "/jobs/1")
    ]
    assert "Nurse <b>" in part.css("[role=option]")[1].text()
    found = browser.get("/palette?q=nursing", HX_Request_Type="partial")
    assert found.css("[role=group]")[-1].attributes["aria-label"] == "Jobs"
    ids = [node.attributes["id"] for node in part.css("[role=option]")]
    assert len(set(ids)) == len(ids)
    assert browser.get("/palette?q=", HX_Request_Type="partial").css("[role=option]") == []
    page = browser.get("/jobs")
    actions = {node.text().strip() for node in page.css("#palette [id^=do-]")}
    assert {"Add a job", "New search", "Log out", "Switch the theme"} <= actions
    forms = {node.attributes["form"] for node in page.css("#palette button[form]")}
    assert {node.attributes.get("id") for node in page.css("form")} >= forms
