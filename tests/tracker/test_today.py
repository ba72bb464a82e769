"""What somebody should look at: counts that stay cheap, and what is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import attention, runs, searches
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.timeline import EventDraft
from jobtracker_core.tracker import JobTracker
from jobtracker_core.tracker.today import Day
from queueing import draft, put, take, turn_on
from rows import set_collector

Fill = Callable[..., None]


def test_the_day_is_the_readers(tracker: JobTracker) -> None:
    late = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
    assert Day.of(late, ZoneInfo("UTC")).date == date(2026, 11, 29)
    there = Day.of(late, ZoneInfo("Asia/Tokyo"))
    assert there.date == date(2026, 11, 30)
    assert there.until == datetime(2026, 11, 30, 15, tzinfo=UTC)
    # A day on which clocks go forward has 23 hours.
    short = Day.of(datetime(2026, 3, 29, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert short.until == datetime(2026, 3, 29, 22, tzinfo=UTC)


def test_new_jobs_wait_for_a_decision(
    tracker: JobTracker, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(3)
    since = tracker.database.present()
    fill(5, source="other")
    day = tracker.today.day(UTC)
    new = {job.title: job.id for job in tracker.today.newest(since=since)}
    assert list(new) == [f"Engineer {n}" for n in (5, 4, 3, 2, 1)]
    tracker.dismissals.dismiss(new["Engineer 1"])
    tracker.applications.create(ApplicationDraft(job_id=new["Engineer 2"]))
    assert tracker.today.attention(day, since=since).new == 3
    assert tracker.today.attention(day, since=None).new == 6
    assert tracker.today.attention(day, since=since + timedelta(hours=1)).new == 0
    monkeypatch.setattr(attention, "MOST", 4)
    assert tracker.today.attention(day, since=None).new == 4
    # However many there are, only the newest are looked at.
    monkeypatch.setattr(attention, "LOOKED_AT", 2)
    assert tracker.today.attention(day, since=None).new == 2


def test_what_is_due(tracker: JobTracker) -> None:
    now = tracker.database.present()
    day = Day.of(now, UTC)

    def event(title: str, at: datetime, **more: object) -> None:
        draft = {"kind": "interview", "title": title, "starts_at": at, **more}
        tracker.timeline.create(EventDraft(**draft))  # type: ignore[arg-type]

    event("late", now - timedelta(days=2))
    event("today", day.until - timedelta(seconds=1))
    event("tomorrow", day.until)
    event("done", now, done=True)
    event("a note", now, kind="note")
    for title, on in (("act", day.date), ("later", day.date + timedelta(days=1))):
        made = ApplicationDraft(title=title, next_action="call", next_action_on=on)
        tracker.applications.create(made)
    ended = ApplicationDraft(title="x", status="rejected", next_action_on=day.date)
    tracker.applications.create(ended)
    due = tracker.today.due(day)
    assert [(entry.title, entry.kind) for entry in due] == [
        ("late", "interview"),
        ("call", "next_action"),
        ("today", "interview"),
    ]
    assert tracker.today.attention(day, since=None).due == 3


def test_strips_failures_and_trouble(tracker: JobTracker) -> None:
    db = tracker.database
    turn_on(db)
    number = searches.create(db, draft(), next_tick_at=None).id
    put(db, search_id=number)
    runs.finish(db, take(db), state=RunState.SUCCEEDED)
    put(db, search_id=number)
    runs.finish(
        db,
        take(db),
        state=RunState.FAILED,
        error_class="parse",
        error_message="the list has no rows",
    )
    day = tracker.today.day(UTC)
    (strip,) = tracker.today.strips()
    assert (strip.collector, [beat.state for beat in strip.beats]) == (
        "site",
        [RunState.SUCCEEDED, RunState.FAILED],
    )
    (failure,) = tracker.today.failures()
    assert (failure.search, failure.error_message) == ("python in Berlin", "the list has no rows")
    counted = tracker.today.attention(day, since=None)
    assert (counted.running, counted.failed, counted.trouble) == (0, 1, 0)
    assert tracker.today.attention(day, since=db.present()).failed == 0
    set_collector(db, "site", paused_until=db.present())
    put(db, query_hash="another")
    take(db)
    counted = tracker.today.attention(day, since=None)
    assert (counted.running, counted.trouble) == (1, 1)


def test_nothing_is_nothing(tracker: JobTracker) -> None:
    day = tracker.today.day(UTC)
    assert tracker.today.attention(day, since=None) == attention.Attention(
        new=0, due=0, running=0, failed=0, trouble=0
    )
    assert tracker.today.newest(since=None) == ()
    assert tracker.today.strips() == ()
    assert tracker.today.failures() == ()
