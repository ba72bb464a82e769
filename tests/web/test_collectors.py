"""Collectors in the portal: turning them on, setting them up, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from jobtracker_core import JobTracker, Settings
from jobtracker_core.contract.run import Counts, RunState
from jobtracker_core.storage import endings
from jobtracker_core.storage.queue import Installed
from jobtracker_core.web.admin.collector_view import standing
from keys import KEY
from pressing import page_of, send, text_of, undo
from queueing import take

BOARD = Path(__file__).parent.parent / "api" / "keyed_board.py"
PAGE = "/admin/collectors/hiringcafe"


@pytest.fixture
def keyed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A collector with a secret, installed."""
    info = tmp_path / "installed" / "keyed_board-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: keyed-board\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[jobtracker]\nkeyed = keyed_board\n")
    (info.parent / "keyed_board.py").write_text(BOARD.read_text(encoding="utf-8"))
    monkeypatch.syspath_prepend(str(info.parent))


@pytest.fixture
def tracker(db_url: str, tmp_path: Path) -> Iterator[JobTracker]:
    settings = Settings(
        data_dir=tmp_path / "data",
        database_url=db_url,
        plugins=("hiringcafe", "keyed"),
        secret_key=(KEY,),
        collectors={"hiringcafe": {"per_minute": 5}},
    )
    with JobTracker(settings) as tracker:
        yield tracker


@pytest.fixture
def prefix() -> str:
    return "/at/work"


def value_of(page: Any, name: str) -> str | None:
    found = page.css_first(f'[name="{name}"]')
    assert found is not None, name
    return str(found.attributes.get("value") or "")


def test_a_collector_is_turned_on_once_its_note_was_seen_and_off_again(browser, tracker) -> None:
    assert "Off" in text_of(browser.get("/admin/collectors"))
    asked = browser.get(f"{PAGE}/on")
    assert "The robots file disallows" in text_of(asked, "[aria-label='Policy note']")
    assert send(browser, f"{PAGE}/on").status_code == 422
    assert not tracker.collectors.enabled("hiringcafe")
    on = send(browser, f"{PAGE}/on", seen="on", version=value_of(asked, "version"))
    assert tracker.collectors.enabled("hiringcafe")
    undo(browser, on)
    assert not tracker.collectors.enabled("hiringcafe")
    tracker.collectors.update("hiringcafe", enabled=True)
    late = send(browser, f"{PAGE}/on", seen="on", version="1")
    assert late.status_code == 412
    version = tracker.collectors.report("hiringcafe").version
    off = send(browser, f"{PAGE}/off", version=version)
    assert not tracker.collectors.enabled("hiringcafe")
    undo(browser, off)
    assert tracker.collectors.enabled("hiringcafe")


def test_settings_are_set_here_below_what_a_file_says(browser, tracker) -> None:
    page = browser.get(PAGE)
    assert "What is set here does not hold" not in text_of(page)
    assert "Set to 5 by" in text_of(page, '[id="settings.per_minute-hint"]')
    version = value_of(page, "version")
    given = {"settings__base_url": "https://hiring.cafe/mirror", "settings__per_minute": "9"}
    answer = send(browser, f"{PAGE}/settings", version=version, **given)
    assert answer.status_code == 303, answer.text
    held = {one.name: one for one in tracker.collectors.report("hiringcafe").settings}
    assert held["base_url"].stored == "https://hiring.cafe/mirror"
    assert (held["per_minute"].stored, held["per_minute"].value) == (9.0, 5)
    assert "What is set here does not hold" in text_of(browser.get(PAGE))
    stale = send(browser, f"{PAGE}/settings", version=version, settings__per_minute="7")
    assert stale.status_code == 412
    assert "https://hiring.cafe/mirror" in text_of(page_of(stale), "main .banner dl.facts")
    assert value_of(page_of(stale), "settings.per_minute") == "7"
    wrong = send(browser, f"{PAGE}/settings", settings__per_minute="fast")
    assert wrong.status_code == 422
    assert "fast" in text_of(page_of(wrong), '[id="settings.per_minute-hint"]')
    version = tracker.collectors.report("hiringcafe").version
    send(browser, f"{PAGE}/settings", version=version, settings__base_url="")
    held = {one.name: one for one in tracker.collectors.report("hiringcafe").settings}
    assert held["base_url"].stored is None


@pytest.mark.usefixtures("keyed")
def test_a_secret_is_written_kept_and_removed_but_never_shown(browser, tracker) -> None:
    path = "/admin/collectors/keyed"
    send(browser, f"{path}/settings", settings__api_key="hunter2hunter2")
    page = browser.get(path)
    assert "hunter2" not in (page.html or "")
    assert page.css_first('[name="settings.api_key"]').attributes["placeholder"].startswith("Set")
    send(browser, f"{path}/settings", settings__api_key="", settings__per_minute="3")
    assert tracker.collector_settings("keyed").api_key == "hunter2hunter2"
    wrong = send(
        browser, f"{path}/settings", settings__api_key="other-secret", settings__per_minute="x"
    )
    assert wrong.status_code == 422
    assert "other-secret" not in wrong.text
    send(browser, f"{path}/settings", **{"settings.api_key.remove": "on"})
    assert tracker.collector_settings("keyed").api_key is None


def test_a_collector_is_probed_and_run(browser, tracker) -> None:
    refused = send(browser, f"{PAGE}/probe")
    assert refused.headers["location"] == f"/at/work{PAGE}"
    assert "is off" in text_of(browser.get(PAGE), "#toasts")
    tracker.collectors.update("hiringcafe", enabled=True)
    for step in ("probe", "run"):
        answer = send(browser, f"{PAGE}/{step}")
        newest = tracker.runs.list(collector="hiringcafe", limit=1)[0]
        assert answer.headers["location"] == f"/at/work/admin/runs/{newest.id}"


def test_the_last_runs_are_a_strip_and_the_last_error_is_told(browser, tracker) -> None:
    tracker.collectors.update("hiringcafe", enabled=True)
    serving = {"hiringcafe": Installed(distribution="jobtracker-hiringcafe", version="1")}
    for state in (RunState.SUCCEEDED, RunState.FAILED):
        tracker.runs.enqueue("hiringcafe", {"text": state.value})
        endings.finish(
            tracker.database,
            take(tracker.database, serving=serving),
            state=state,
            counts=Counts(),
            error_message="the site <b>answered</b> 500" if state is RunState.FAILED else None,
        )
    for path in ("/admin/collectors", PAGE):
        page = browser.get(path)
        strip = page.css_first("svg.beats")
        assert strip.attributes["aria-label"] == "1 of the last 2 runs succeeded"
        assert [bar.attributes["class"] for bar in strip.css("rect")] == ["beat-ok", "beat-fail"]
        assert "the site <b>answered</b> 500" in text_of(page)


def test_what_keeps_a_collector_from_running_is_told_in_words(tracker) -> None:
    report = replace(tracker.collectors.report("hiringcafe"), enabled=True)
    now = datetime.now(UTC)
    later = now + timedelta(hours=2)
    cases: list[tuple[dict[str, Any], str, str]] = [
        ({}, "On", ""),
        ({"installed": False}, "Not installed", "Install its plugin"),
        ({"unavailable": "no library"}, "Unavailable", "no library"),
        ({"settings_problem": "per_minute: no"}, "Settings wrong", "per_minute"),
        ({"enabled": False}, "Off", ""),
        (
            {"paused_until": later, "pause_reason": "3 failed"},
            "Paused",
            "3 failed. It is looked at",
        ),
        ({"paused_version": report.plugin_version}, "Too old", "Install a newer plugin"),
        ({"cooling_until": later}, "Cooling", "asked for quiet"),
    ]
    for facts, label, told in cases:
        found = standing(replace(report, **facts), now)
        assert found.label == label
        assert told in " ".join(notice.text for notice in found.notices)


def test_a_pause_is_ended(browser, tracker) -> None:
    asked = send(browser, f"{PAGE}/resume")
    assert asked.headers["location"] == f"/at/work{PAGE}/on"
    assert not tracker.collectors.enabled("hiringcafe")
    tracker.collectors.update("hiringcafe", enabled=True)
    answer = send(browser, f"{PAGE}/resume")
    assert answer.status_code == 303
    assert "may run again" in text_of(browser.get(PAGE), "#toasts")


def test_an_unknown_collector_or_parameter_is_refused(browser) -> None:
    browser.get("/admin/collectors/nobody", status=404)
    browser.get("/admin/collectors?on=1", status=400)
