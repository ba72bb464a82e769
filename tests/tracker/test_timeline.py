"""Events: their times, whom they belong to, and which of them are never touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest

from jobtracker_core.plugins.forms import FormError
from jobtracker_core.storage.applications import ApplicationDraft
from jobtracker_core.storage.errors import NotAllowed, NotFound, Stale
from jobtracker_core.storage.timeline import EventChanges, EventDraft, EventKind, OwnKind
from jobtracker_core.storage.tracking_tables import EVENT_KINDS

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def local(*parts: int) -> datetime:
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


def test_kinds_are_those_of_the_table() -> None:
    assert get_args(EventKind) == EVENT_KINDS
    assert set(get_args(OwnKind)) == set(EVENT_KINDS) - {"status"}


def test_an_event_with_everything(tracker, fill, actions) -> None:
    fill(1)
    application = tracker.applications.create(ApplicationDraft(job_id=1))
    made = tracker.timeline.create(
        EventDraft(
            kind="interview",
            application_id=application.id,
            job_id=1,
            title=" Second\x01 round ",
            text="Bring\r\npapers",
            place="Room 5",
            starts_at=local(2026, 7, 1, 14),
            ends_at=datetime(2026, 7, 1, 15, tzinfo=timezone(timedelta(hours=2))),
            timezone="Europe/Berlin",
            reminder_min=30,
        )
    )
    assert (made.title, made.text) == ("Second round", "Bring\npapers")
    assert (made.starts_at, made.ends_at) == (NOON, NOON + timedelta(hours=1))
    assert (made.timezone, made.reminder_min, made.done_at) == ("Europe/Berlin", 30, None)
    assert tracker.timeline.get(made.id) == made
    assert actions() == ["application.create", "event.create"]


def test_one_without_words_or_time_is_of_now(tracker) -> None:
    made = tracker.timeline.create(EventDraft(kind="follow_up", done=True))
    assert made.title == "Follow up"
    assert abs(made.starts_at - made.created_at) < timedelta(seconds=5)
    assert made.done_at == made.created_at


@pytest.mark.parametrize(
    ("wall", "instant"),
    [
        (local(2026, 3, 29, 3, 30), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (local(2026, 1, 1, 0, 0), datetime(2025, 12, 31, 23, 0, tzinfo=UTC)),
        (local(2026, 10, 25, 2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_the_clock_of_the_place(tracker, wall, instant) -> None:
    draft = EventDraft(kind="call", starts_at=wall, timezone="Europe/Berlin")
    assert tracker.timeline.create(draft).starts_at == instant


def test_whole_days_are_days_of_the_place(tracker) -> None:
    made = tracker.timeline.create(
        EventDraft(
            kind="other",
            starts_at=datetime(2026, 7, 1, 23, tzinfo=UTC),
            ends_at=local(2026, 7, 3, 18),
            timezone="Europe/Berlin",
            all_day=True,
        )
    )
    assert made.starts_at == datetime(2026, 7, 1, 22, tzinfo=UTC), "the 2nd begins in Berlin"
    assert made.ends_at == datetime(2026, 7, 2, 22, tzinfo=UTC), "the 3rd begins"


def test_changes_of_times_are_seen_together(tracker) -> None:
    made = tracker.timeline.create(
        EventDraft(kind="call", starts_at=NOON, ends_at=NOON + timedelta(hours=1))
    )
    with pytest.raises(FormError, match="ends_at: is before the start"):
        tracker.timeline.update(made.id, EventChanges(starts_at=NOON + timedelta(hours=2)))
    moved = tracker.timeline.update(
        made.id, EventChanges(timezone="Asia/Tokyo", starts_at=local(2026, 7, 1, 9), ends_at=None)
    )
    assert (moved.starts_at, moved.ends_at) == (datetime(2026, 7, 1, 0, tzinfo=UTC), None)
    whole = tracker.timeline.update(made.id, EventChanges(all_day=True))
    assert whole.starts_at == datetime(2026, 6, 30, 15, tzinfo=UTC)
    assert (whole.version, whole.uid) == (3, made.uid)


def test_done_and_undone(tracker) -> None:
    made = tracker.timeline.create(EventDraft(kind="follow_up"))
    done = tracker.timeline.update(made.id, EventChanges(done=True), expected_version=1)
    assert done.done_at is not None
    again = tracker.timeline.update(made.id, EventChanges(done=True))
    assert again == done
    with pytest.raises(Stale, match="event 1 was changed meanwhile"):
        tracker.timeline.update(made.id, EventChanges(done=False), expected_version=1)
    assert tracker.timeline.update(made.id, EventChanges(done=False)).done_at is None


def test_moves_of_an_application_are_kept_as_they_were(tracker) -> None:
    tracker.applications.create(ApplicationDraft(title="x"))
    [move] = tracker.timeline.list().items
    for use in (
        lambda: tracker.timeline.update(move.id, EventChanges(title="y")),
        lambda: tracker.timeline.delete(move.id),
    ):
        with pytest.raises(NotAllowed, match="is a move of application 1"):
            use()
    with pytest.raises(FormError, match="kind: takes one of interview"):
        tracker.timeline.create(EventDraft(kind="status"))  # type: ignore[arg-type]
    assert tracker.timeline.list().items == (move,)


def test_deleting(tracker) -> None:
    made = tracker.timeline.create(EventDraft(kind="note"))
    with pytest.raises(Stale):
        tracker.timeline.delete(made.id, expected_version=2)
    tracker.timeline.delete(made.id, expected_version=1)
    for use in (tracker.timeline.get, tracker.timeline.delete):
        with pytest.raises(NotFound, match="no event 1"):
            use(made.id)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (EventDraft(kind="call", timezone="Europe/Nowhere"), "timezone"),
        (EventDraft(kind="call", timezone="../../etc/passwd"), "timezone"),
        (EventDraft(kind="call", timezone=""), "timezone"),
        (EventDraft(kind="call", starts_at=datetime(1600, 1, 1, tzinfo=UTC)), "starts_at"),
        (EventDraft(kind="call", reminder_min=-1), "reminder_min"),
        (EventDraft(kind="call", reminder_min=50_000), "reminder_min"),
        (EventDraft(kind="party"), "kind"),  # type: ignore[arg-type]
        (EventDraft(kind="call", text="x" * 20_001), "text"),
        (EventDraft(kind="call", starts_at=NOON, ends_at=NOON - timedelta(hours=1)), "ends_at"),
    ],
)
def test_what_is_refused_names_its_field(tracker, actions, draft, field) -> None:
    with pytest.raises(FormError) as caught:
        tracker.timeline.create(draft)
    assert list(caught.value.problems) == [field]
    assert actions() == []


def test_owners_that_are_not_there(tracker) -> None:
    for draft in (EventDraft(kind="note", application_id=3), EventDraft(kind="note", job_id=4)):
        with pytest.raises(NotFound, match=r"no (application 3|job 4)"):
            tracker.timeline.create(draft)
    made = tracker.timeline.create(EventDraft(kind="note"))
    with pytest.raises(NotFound, match="no job 4"):
        tracker.timeline.update(made.id, EventChanges(job_id=4))


def test_lists_by_owner_kind_and_time(tracker, fill) -> None:
    fill(1)
    application = tracker.applications.create(ApplicationDraft(job_id=1))
    of_job = tracker.timeline.create(EventDraft(kind="note", job_id=1, starts_at=NOON))
    of_it = tracker.timeline.create(
        EventDraft(kind="call", application_id=application.id, starts_at=NOON - timedelta(1))
    )
    alone = tracker.timeline.create(
        EventDraft(
            kind="deadline", starts_at=NOON + timedelta(1), ends_at=NOON + timedelta(2), done=True
        )
    )

    def ids(**filters: Any) -> set[int]:
        return {event.id for event in tracker.timeline.list(**filters).items}

    move = 1
    assert ids(application_id=application.id) == {move, of_it.id}
    assert ids(job_id=1) == {move, of_it.id, of_job.id}
    assert ids(kind="note") == {of_job.id}
    assert ids(done=True) == {move, alone.id}
    assert ids(done=False) == {of_job.id, of_it.id}
    assert ids(since=NOON, until=NOON + timedelta(1), done=False) == {of_job.id}
    assert alone.id in ids(since=NOON + timedelta(days=1, hours=5)), "it goes on"
    assert ids(job_id=2**70) == ids(application_id=2**70) == set()
    tracker.jobs.delete(1)
    assert tracker.timeline.get(of_job.id).job_id is None, "what one wrote stays"


def test_pages_go_back_in_time(tracker) -> None:
    for hours in (1, 0, 2, 0):
        tracker.timeline.create(EventDraft(kind="note", starts_at=NOON + timedelta(hours=hours)))
    first = tracker.timeline.list(limit=3)
    second = tracker.timeline.list(limit=3, after=first.after)
    assert [event.id for event in (*first.items, *second.items)] == [3, 1, 4, 2]
    assert second.after is None
