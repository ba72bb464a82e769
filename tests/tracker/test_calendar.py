"""The calendar, and what a calendar program reads of it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import vobject

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import ApplicationChanges, ApplicationDraft
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.timeline import EventChanges, EventDraft
from jobtracker_core.storage.tracking_tables import calendar_feeds
from jobtracker_core.tracker import JobTracker

NOON = datetime(2036, 7, 1, 12, tzinfo=UTC)


@pytest.fixture
def secret(tracker: JobTracker) -> str:
    return tracker.calendar.create_feed("phone").secret


def read(tracker: JobTracker, secret: str) -> list[Any]:
    """Read the calendar with another library than the one that wrote it."""
    calendar = vobject.readOne(tracker.calendar.ics(secret))
    return list(calendar.contents.get("vevent", []))


def test_everything_by_its_time(tracker: JobTracker) -> None:
    made = tracker.applications.create(ApplicationDraft(title="Engineer", company="Works"))
    changes = ApplicationChanges(next_action="Call back", next_action_on=date(2036, 7, 1))
    tracker.applications.update(made.id, changes)
    tracker.timeline.create(
        EventDraft(kind="deadline", application_id=made.id, starts_at=NOON + timedelta(hours=1))
    )
    tracker.timeline.create(EventDraft(kind="call", starts_at=NOON + timedelta(days=1)))
    found = tracker.calendar.between(NOON - timedelta(days=1), NOON + timedelta(hours=2))
    assert [(entry.kind, entry.title, entry.subject, entry.company) for entry in found] == [
        ("next_action", "Call back", "Engineer", "Works"),
        ("deadline", "Deadline", "Engineer", "Works"),
    ]
    assert found[0].starts_at == datetime(2036, 7, 1, tzinfo=UTC)
    assert found[0].all_day
    past = tracker.calendar.between(made.created_at - timedelta(1), made.created_at + timedelta(1))
    assert [entry.kind for entry in past] == ["status"], "when one applied stands there too"
    tracker.applications.move(made.id, "rejected")
    kinds = [e.kind for e in tracker.calendar.between(NOON - timedelta(1), NOON + timedelta(1))]
    assert kinds == ["deadline"], "an ended application needs no next action"


def test_an_event_of_a_job_names_it(tracker: JobTracker, fill) -> None:
    fill(1)
    tracker.timeline.create(EventDraft(kind="deadline", job_id=1, starts_at=NOON))
    [entry] = tracker.calendar.between(NOON, NOON + timedelta(minutes=1))
    assert (entry.subject, entry.url, entry.job_id) == ("Engineer 1", "https://site.example/1", 1)


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        (NOON, NOON, "to"),
        (datetime(1600, 1, 1, tzinfo=UTC), NOON, "from"),
        (NOON, datetime(2300, 1, 1, tzinfo=UTC), "to"),
    ],
)
def test_a_span_that_is_none(tracker: JobTracker, since, until, field) -> None:
    with pytest.raises(FormError) as caught:
        tracker.calendar.between(since, until)
    assert list(caught.value.problems) == [field]


def test_another_library_reads_the_same(tracker: JobTracker, secret: str) -> None:
    text = "Bring: a pen; two, three\\n copies\nSecond line " + "with ümlauts and 日本語 " * 20
    made = tracker.timeline.create(
        EventDraft(
            kind="interview",
            title="Round 2; with A, B & \\C",
            text=text,
            place="Room 5, 2nd floor",
            starts_at=NOON,
            ends_at=NOON + timedelta(hours=1),
            timezone="Europe/Berlin",
            reminder_min=45,
        )
    )
    [event] = read(tracker, secret)
    assert event.summary.value == "Round 2; with A, B & \\C"
    assert event.description.value == text.strip()
    assert event.location.value == "Room 5, 2nd floor"
    assert (event.dtstart.value, event.dtend.value) == (NOON, NOON + timedelta(hours=1))
    assert event.uid.value == made.uid
    assert event.dtstamp.value == made.updated_at.replace(microsecond=0)
    [alarm] = event.contents["valarm"]
    assert alarm.trigger.value == timedelta(minutes=-45)
    assert alarm.action.value == "DISPLAY"


def test_lines_are_folded_and_no_text_becomes_a_property(tracker: JobTracker, secret: str) -> None:
    tracker.timeline.create(
        EventDraft(
            kind="note",
            title="日本語" * 60,
            text="x\r\nEND:VEVENT\r\nBEGIN:VEVENT\nATTACH:file:///etc/passwd",
            starts_at=NOON,
        )
    )
    text = tracker.calendar.ics(secret)
    assert (
        text.count("BEGIN:VEVENT") == len(re.findall(r"^BEGIN:VEVENT\r$", text, re.MULTILINE)) + 1
    )
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "\n" not in text.replace("\r\n", "")
    [event] = read(tracker, secret)
    assert event.summary.value == "日本語" * 60
    assert "attach" not in event.contents


def test_whole_days_are_dates(tracker: JobTracker, secret: str) -> None:
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        tracker.timeline.create(
            EventDraft(
                kind="other",
                title=zone,
                starts_at=datetime(2036, 7, 2, 9),  # noqa: DTZ001  (by the zone's clock)
                ends_at=datetime(2036, 7, 3, 9),  # noqa: DTZ001
                timezone=zone,
                all_day=True,
            )
        )
    application = tracker.applications.create(
        ApplicationDraft(title="Engineer", next_action="Call", next_action_on=date(2036, 7, 2))
    )
    events = {event.summary.value: event for event in read(tracker, secret)}
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        assert events[zone].dtstart.value == date(2036, 7, 2)
        assert events[zone].dtend.value == date(2036, 7, 4), "the end is not part of it"
    action = events["Call: Engineer"]
    assert (action.dtstart.value, action.dtend.value) == (date(2036, 7, 2), date(2036, 7, 3))
    assert action.uid.value == application.uid


def test_an_event_keeps_its_uid_and_counts_its_changes(tracker: JobTracker, secret: str) -> None:
    made = tracker.timeline.create(EventDraft(kind="call", starts_at=NOON))
    first = tracker.calendar.ics(secret)
    assert first == tracker.calendar.ics(secret), "the same entries, the same text"
    tracker.timeline.update(made.id, EventChanges(starts_at=NOON + timedelta(hours=1)))
    [event] = read(tracker, secret)
    assert (event.uid.value, event.sequence.value) == (made.uid, "1")
    assert event.dtstart.value == NOON + timedelta(hours=1)


def test_a_feed_shows_neither_moves_nor_what_is_long_past(tracker: JobTracker, secret: str) -> None:
    tracker.applications.create(ApplicationDraft(title="x", status="applied"))
    old = tracker.database.present() - timedelta(days=400)
    tracker.timeline.create(EventDraft(kind="note", starts_at=old))
    assert read(tracker, secret) == []


def test_a_done_event_reminds_of_nothing(tracker: JobTracker, secret: str) -> None:
    tracker.timeline.create(EventDraft(kind="call", starts_at=NOON, reminder_min=5, done=True))
    [event] = read(tracker, secret)
    assert "valarm" not in event.contents


def test_addresses_are_secret_several_and_revocable(tracker: JobTracker, actions) -> None:
    one, two = tracker.calendar.create_feed("phone"), tracker.calendar.create_feed("laptop")
    assert len(one.secret) == 43
    with tracker.database.read() as conn:
        rows = conn.execute(sa.select(calendar_feeds)).all()
    assert not any(one.secret in str(value) for row in rows for value in row)
    assert tracker.calendar.revoke_feed(one.feed.id).revoked_at is not None
    again = tracker.calendar.revoke_feed(one.feed.id)
    assert again == tracker.calendar.feeds()[1]
    with pytest.raises(NotFound, match="was revoked"):
        tracker.calendar.ics(one.secret)
    for wrong in ("", "x", two.secret[:-1], two.secret + "x", "\ud800"):
        with pytest.raises(NotFound, match="no calendar at this address"):
            tracker.calendar.ics(wrong)
    assert "X-WR-CALNAME:laptop" in tracker.calendar.ics(two.secret)
    assert actions() == [*["calendar_feed.create"] * 2, *["calendar_feed.revoke"] * 2]
    with pytest.raises(NotFound, match="no calendar feed 9"):
        tracker.calendar.revoke_feed(9)
    with pytest.raises(FormError, match="name: must not be empty"):
        tracker.calendar.create_feed(" ")


def test_the_last_use_is_noted_by_the_hour(tracker: JobTracker, secret: str) -> None:
    [unused] = tracker.calendar.feeds()
    assert unused.last_used_at is None
    tracker.calendar.ics(secret)
    [used] = tracker.calendar.feeds()
    assert used.last_used_at is not None
    tracker.calendar.ics(secret)
    assert tracker.calendar.feeds() == (used,)
