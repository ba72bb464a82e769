"""Searches in the portal: the list, the form with its preview, one search, and their undo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from jobtracker_core import JobTracker, Settings
from pressing import one, page_of, send, text_of, undo
from queueing import turn_on

HOSTILE = '<img src=x onerror=alert(1)> "&'
DAILY = {"kind": "cron", "cron": "30 7 * * 1-5", "timezone": "Europe/Berlin"}


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    """An installation with HiringCafe, turned on."""
    settings = Settings(data_dir=tmp_path / "data", database_url=db_url, plugins=("hiringcafe",))
    with JobTracker(settings) as tracker:
        turn_on(tracker.database, "hiringcafe")
        yield tracker


@pytest.fixture
def prefix() -> str:
    return "/at/work"


def test_a_search_is_made_in_two_steps(browser, tracker) -> None:
    first = browser.get("/admin/searches/new")
    assert first.css_first('a[href="/at/work/admin/searches/new?collector=hiringcafe"]')
    form = browser.get("/admin/searches/new?collector=hiringcafe")
    assert "HiringCafe filters by it." in text_of(form, "#query\\.text-hint")
    assert "Filtered here" in text_of(form, "#query\\.posted_within_days-hint")
    answer = send(
        browser,
        "/admin/searches/new",
        collector="hiringcafe",
        name="Data",
        query__text="data engineer",
        query__remote=["remote", "hybrid"],
        stagger_s="10",
        stagger_s__unit="60",
        memory_mb="512",
        **DAILY,
    )
    assert answer.status_code == 303
    [made] = tracker.searches.list()
    assert answer.headers["location"] == f"/at/work/admin/searches/{made.id}"
    assert made.query["remote"] == ["remote", "hybrid"]
    assert (made.schedule.cron, made.schedule.timezone) == ("30 7 * * 1-5", "Europe/Berlin")
    assert (made.schedule.stagger_s, made.limits.memory_mb) == (600, 512)
    page = text_of(browser.get(f"/admin/searches/{made.id}/edit"))
    assert "Every weekday at 07:30 (Europe/Berlin)" in page
    assert page.count("07:30 CET") + page.count("07:30 CEST") == 10
    tracker.searches.add("Other", "hiringcafe", {"text": HOSTILE})
    assert not browser.get(f"/admin/searches/{made.id + 1}").css("main img")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({**DAILY, "cron": "61 * * * *"}, "cron"),
        ({**DAILY, "cron": ""}, "cron"),
        ({**DAILY, "timezone": "Europe/Berlni"}, "timezone"),
        ({"kind": "interval", "every_s": "", "every_s.unit": "60"}, "every_s"),
        ({"kind": "interval", "every_s": "10", "every_s.unit": "1"}, "every_s"),
        ({**DAILY, "query__distance_km": "far"}, "query.distance_km"),
        ({**DAILY, "memory_mb": "1"}, "memory_mb"),
        ({**DAILY, "name": "7"}, "name"),
    ],
)
def test_what_is_wrong_is_told_at_its_field_and_what_was_typed_stays(
    browser, tracker, fields, wrong
) -> None:
    given = {"collector": "hiringcafe", "name": HOSTILE.strip(), "query__text": HOSTILE, **fields}
    answer = send(browser, "/admin/searches/new", **given)
    assert answer.status_code == 422
    page = page_of(answer)
    field = one(page, f'[name="{wrong}"]')
    assert field.attributes["aria-invalid"] == "true"
    said = one(page, f'[id="{wrong}-hint"]').text()
    assert said.strip()
    assert one(page, '[name="query.text"]').attributes["value"] == HOSTILE
    assert not page.css("main img")
    assert tracker.searches.list() == ()


def test_the_preview_tells_words_and_times_or_what_is_wrong(browser, tracker) -> None:
    made = tracker.searches.add("Often", "hiringcafe", {}, every_s=7200)
    ahead = tracker.searches.preview(made.id, count=1).upcoming[0]
    query = urlencode({**DAILY, "cron": "0 8 * * 1"})
    page = text_of(browser.get(f"/admin/searches/preview?{query}"), "body")
    assert page.startswith("Every Monday at 08:00 (Europe/Berlin)")
    # The reader's own clock is shown beside another one only.
    assert "For you (UTC)" in page
    own = urlencode({**DAILY, "cron": "0 8 * * 1", "timezone": "UTC"})
    assert "For you" not in text_of(browser.get(f"/admin/searches/preview?{own}"), "body")
    # An interval that is edited goes on from where it was counted from.
    often = {"kind": "interval", "every_s": 2, "every_s.unit": 3600, "search": made.id}
    assert ahead.local in text_of(
        browser.get(f"/admin/searches/preview?{urlencode(often)}"), "body"
    )
    wrong = browser.get("/admin/searches/preview?kind=cron&cron=x&timezone=UTC")
    assert "five fields" in text_of(wrong, "[role=alert]")
    assert "never runs by itself" in text_of(
        browser.get("/admin/searches/preview?kind=manual"), "body"
    )
    browser.get("/admin/searches/preview?often=1", status=400)


def test_an_edit_that_comes_late_is_told_and_loses_nothing(browser, tracker) -> None:
    made = tracker.searches.add("Data", "hiringcafe", {"text": "data"}, cron="0 7 * * *")
    form = browser.get(f"/admin/searches/{made.id}/edit")
    version = form.css_first("[name=version]").attributes["value"]
    theirs = tracker.searches.edit(made.id, query={"text": "theirs"}, priority=2)
    mine = {"version": version, "name": "Data", "query__text": "mine", "priority": "5"}
    mine |= {"kind": "cron", "cron": "0 7 * * *", "timezone": "UTC"}
    answer = send(browser, f"/admin/searches/{made.id}/edit", **mine)
    assert answer.status_code == 412
    page = page_of(answer)
    told = text_of(page, "main dl.facts")
    assert "theirs" in told
    assert "Priority" in told
    assert one(page, '[name="query.text"]').attributes["value"] == "mine"
    assert tracker.searches.get(made.id).query["text"] == "theirs"
    mine["version"] = one(page, "[name=version]").attributes["value"]
    assert mine["version"] == str(theirs.version)
    assert send(browser, f"/admin/searches/{made.id}/edit", **mine).status_code == 303
    assert tracker.searches.get(made.id).query["text"] == "mine"


def test_a_form_that_is_saved_unchanged_changes_nothing(browser, tracker) -> None:
    made = tracker.searches.add(
        "Data",
        "hiringcafe",
        {"text": "data", "remote": ["remote"], "limit": 50},
        every_s=5400,
        stagger_s=90,
        runtime_s=7200,
        requests=100,
        overlap="queue",
    )
    page = browser.get(f"/admin/searches/{made.id}/edit")
    fields: list[tuple[str, str]] = []
    for control in page.css("main form[data-guarded] [name]"):
        kind = control.attributes.get("type")
        if kind in {"checkbox", "radio"} and "checked" not in control.attributes:
            continue
        if control.tag == "select":
            chosen = control.css_first("option[selected]") or control.css_first("option")
            fields.append((control.attributes["name"], chosen.attributes["value"] or ""))
        elif control.tag != "button":
            fields.append((control.attributes["name"], control.attributes.get("value") or ""))
    answer = send(browser, f"/admin/searches/{made.id}/edit", **dict(fields))
    assert answer.status_code == 303, answer.text
    after = tracker.searches.get(made.id)
    assert (after.query, after.schedule) == (made.query, made.schedule)
    assert (after.limits, after.overlap) == (made.limits, made.overlap)


def test_steps_of_the_list_are_undone(browser, tracker) -> None:
    made = tracker.searches.add(
        "Data", "hiringcafe", {"text": HOSTILE}, cron="0 7 * * *", memory_mb=512
    )
    tracker.searches.pause(made.id)
    listed = browser.get("/admin/searches?state=paused")
    assert "Paused" in text_of(listed, "tbody")
    assert not listed.css("main img")
    made = tracker.searches.resume(made.id)
    paused = send(browser, f"/admin/searches/{made.id}/pause", version=made.version)
    assert not tracker.searches.get(made.id).enabled
    undo(browser, paused)
    assert tracker.searches.get(made.id).enabled
    tracker.searches.edit(made.id, priority=3)
    late = send(browser, f"/admin/searches/{made.id}/pause", version=made.version)
    assert "elsewhere" in text_of(
        browser.get(late.headers["location"].removeprefix("/at/work")), "#toasts"
    )
    kept = tracker.searches.get(made.id)
    assert kept.enabled
    gone = send(browser, f"/admin/searches/{made.id}/delete", version=kept.version)
    assert tracker.searches.list() == ()
    undo(browser, gone)
    [back] = tracker.searches.list()
    assert (back.name, back.query, back.schedule) == (kept.name, kept.query, kept.schedule)
    assert (back.limits, back.priority, back.enabled) == (kept.limits, 3, True)
    copied = send(browser, f"/admin/searches/{back.id}/clone")
    assert {one.name: one.enabled for one in tracker.searches.list()} == {
        "Data": True,
        "Data copy": False,
    }
    assert copied.headers["location"].endswith("/edit")


def test_a_search_is_started_and_led_to_its_run(browser, tracker) -> None:
    made = tracker.searches.add("Data", "hiringcafe", {"text": "data"})
    answer = send(browser, f"/admin/searches/{made.id}/run")
    [run] = tracker.runs.list(search_id=made.id)
    assert answer.headers["location"] == f"/at/work/admin/runs/{run.id}"
    assert (
        send(browser, f"/admin/searches/{made.id}/run")
        .headers["location"]
        .endswith(f"/runs/{run.id}")
    )
    tracker.collectors.update("hiringcafe", enabled=False)
    off = send(browser, f"/admin/searches/{made.id}/run")
    assert off.headers["location"] == "/at/work/admin/searches"
    assert "is off" in text_of(browser.get("/admin/searches"), "#toasts")


def test_several_are_paused_resumed_started_and_deleted(browser, tracker) -> None:
    ids = [tracker.searches.add(name, "hiringcafe", {}).id for name in ("A", "B")]
    paused = tracker.searches.add("C", "hiringcafe", {})
    tracker.searches.pause(paused.id)
    everything = ",".join(map(str, [*ids, paused.id]))
    answer = send(browser, "/admin/searches/bulk", action="pause", ids=everything)
    assert not any(one.enabled for one in tracker.searches.list())
    undo(browser, answer)
    # What was paused before stays so.
    assert {one.name for one in tracker.searches.list() if one.enabled} == {"A", "B"}
    send(browser, "/admin/searches/bulk", action="run", ids=everything)
    assert len(tracker.runs.list()) == 3
    send(browser, "/admin/searches/bulk", action="delete", ids=everything)
    assert tracker.searches.list() == ()
    assert send(browser, "/admin/searches/bulk", action="burn", ids="1").status_code == 400


def test_the_list_is_filtered_and_copied(browser, tracker) -> None:
    tracker.searches.add("Data", "hiringcafe", {})
    page = browser.get("/admin/searches?collector=hiringcafe&state=manual")
    assert "Only when it is started by hand" in text_of(page, "tbody")
    copy = one(page, "[data-copy^=curl]").attributes["data-copy"]
    assert str(copy).endswith("/at/work/api/v1/searches?collector=hiringcafe'")
    assert "No search is like that" in text_of(browser.get("/admin/searches?state=failing"))
    browser.get("/admin/searches?colector=hiringcafe", status=400)
    browser.get("/admin/searches?state=lazy", status=400)


def test_what_is_put_back_was_sent_by_a_page(browser, tracker) -> None:
    for packed in ("x", "[]", json.dumps({"name": "a"})):
        assert send(browser, "/admin/searches/restore", search=packed).status_code == 400
    assert tracker.searches.list() == ()
