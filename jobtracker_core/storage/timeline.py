"""Events of the person's own: interviews, deadlines, notes, and each move of an application."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType, structs
from sqlalchemy import Connection

from jobtracker_core.storage import touched, versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotAllowed
from jobtracker_core.storage.fields import Line, Minutes, Moment, Prose, Title, Zone
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.rows import Reader, to_struct
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tracking_tables import applications, events
from jobtracker_core.storage.types import LARGEST_ID

EventKind = Literal[
    "interview", "follow_up", "deadline", "note", "status", "call", "offer", "other"
]
OwnKind = Literal["interview", "follow_up", "deadline", "note", "call", "offer", "other"]
"""What a person can enter: `status` is written by the moves of an application alone."""


class EventDraft(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An event to be entered, for an application, a job, or neither.

    Attributes:
        kind: What it is.
        application_id: The application that it belongs to.
        job_id: The job that it belongs to.
        title: The kind's own word where it is not given.
        text: What there is to say of it.
        place: Where it is, or how it is held.
        starts_at: With an offset an instant; without one, as the clock of `timezone` shows it. Now,
            if it is not given.
        ends_at: Not before `starts_at`.
        all_day: The event takes the days from that of `starts_at` to that of `ends_at`, both
            included, as the calendar of `timezone` counts them.
        reminder_min: When calendars remind of it.
        done: Whether it is over and done; it is not due any more.
    """

    kind: OwnKind
    application_id: int | None = None
    job_id: int | None = None
    title: Title | None = None
    text: Prose | None = None
    place: Line | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    timezone: Zone = "UTC"
    all_day: bool = False
    reminder_min: Minutes | None = None
    done: bool = False


class EventChanges(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to become different; what is not given stays, null empties."""

    kind: OwnKind | UnsetType = UNSET
    application_id: int | UnsetType | None = UNSET
    job_id: int | UnsetType | None = UNSET
    title: Title | UnsetType = UNSET
    text: Prose | UnsetType | None = UNSET
    place: Line | UnsetType | None = UNSET
    starts_at: Moment | UnsetType = UNSET
    ends_at: Moment | UnsetType | None = UNSET
    timezone: Zone | UnsetType = UNSET
    all_day: bool | UnsetType = UNSET
    reminder_min: Minutes | UnsetType | None = UNSET
    done: bool | UnsetType = UNSET


class Event(Struct, frozen=True, kw_only=True):
    """A stored event.

    Attributes:
        uid: The same in every calendar that shows it.
        starts_at: An instant. Of an event of whole days, the beginning of the first one.
        ends_at: The same of its end; of an event of whole days, the beginning of the last one.
        timezone: The place whose clock the person goes by.
        from_status: Of a move (kind `status`): where the application was; None at its beginning.
        done_at: When it was marked as done.
        version: Grows with each change.
    """

    id: int
    uid: str
    application_id: int | None
    job_id: int | None
    kind: EventKind
    title: str
    text: str | None
    place: str | None
    starts_at: datetime
    ends_at: datetime | None
    timezone: str
    all_day: bool
    reminder_min: int | None
    done_at: datetime | None
    from_status: str | None
    to_status: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class EventFilters(TypedDict, total=False):
    """Which events are meant; what is None or missing does not count.

    `job_id` means the events of a job and of its applications. `since` and `until` leave what goes
    on between them, the latter not included.
    """

    application_id: int | None
    job_id: int | None
    kind: EventKind | None
    since: datetime | None
    until: datetime | None
    done: bool | None


class EventList(Struct, frozen=True, kw_only=True):
    """A page of events. `after` leads to the next one; None where there is none."""

    items: tuple[Event, ...]
    after: str | None


_EVENTS = Reader(Event, tuple(events.columns))
_BY_START: Order[Event] = Order(
    events.c.id, events.c.starts_at, lambda event: (event.id, event.starts_at)
)


def create(db: Database, draft: EventDraft, *, starts_at: datetime) -> Event:
    """Store an event, its times being aware; raises NotFound for its application or job."""
    with db.write() as conn:
        moment = now(conn)
        row = structs.asdict(draft)
        _check_owners(conn, row)
        row |= {
            "uid": str(uuid.uuid4()),
            "title": draft.title or draft.kind.replace("_", " ").capitalize(),
            "starts_at": starts_at,
            "done_at": moment if row.pop("done") else None,
            "from_status": None,
            "to_status": None,
            "version": 1,
            **dict.fromkeys(("created_at", "updated_at"), moment),
        }
        return _insert(conn, row)


def record_move(
    conn: Connection, application_id: int, was: str | None, status: str, at: datetime
) -> None:
    """Write the event of an application's move, in the caller's transaction."""
    _insert(
        conn,
        {
            "uid": str(uuid.uuid4()),
            "application_id": application_id,
            "job_id": None,
            "kind": "status",
            "title": f"Begun as {status}" if was is None else f"From {was} to {status}",
            "text": None,
            "place": None,
            "starts_at": at,
            "ends_at": None,
            "timezone": "UTC",
            "all_day": False,
            "reminder_min": None,
            "done_at": at,
            "from_status": was,
            "to_status": status,
            "version": 1,
            "created_at": at,
            "updated_at": at,
        },
    )


def update(
    db: Database, event_id: int, changes: EventChanges, *, expected_version: int | None = None
) -> Event:
    """Change an event; raises NotFound, Stale, and NotAllowed for a move of an application."""
    given = {name: value for name, value in structs.asdict(changes).items() if value is not UNSET}
    with db.write() as conn:
        before = _hold_own(conn, event_id, expected_version)
        moment = now(conn)
        _check_owners(conn, given)
        if given.get("job_id", before["job_id"]) != before["job_id"]:
            _leave(conn, before)
        if "done" in given:
            done = given.pop("done")
            given["done_at"] = (before["done_at"] or moment) if done else None
        return to_struct(versions.save(conn, events, before, given, moment), Event)


def delete(db: Database, event_id: int, *, expected_version: int | None = None) -> None:
    """Delete an event; raises NotFound, Stale, and NotAllowed for a move of an application."""
    with db.write() as conn:
        _leave(conn, _hold_own(conn, event_id, expected_version))
        conn.execute(sa.delete(events).where(events.c.id == event_id))


def hold(db: Database, event_id: int, *, expected_version: int | None = None) -> Event:
    """Return an event that nobody else changes until the caller's transaction ends.

    Raises NotFound, Stale, and NotAllowed for a move of an application.
    """
    with db.write() as conn:
        return to_struct(_hold_own(conn, event_id, expected_version), Event)


def get(db: Database, event_id: int) -> Event:
    """Return an event; raises NotFound."""
    with db.read() as conn:
        return to_struct(versions.find(conn, events, "event", event_id), Event)


def list_events(
    db: Database, *, limit: int = 50, after: str | None = None, **filters: Unpack[EventFilters]
) -> EventList:
    """Return events, the latest start first; `after` is what the page before gave.

    Raises:
        NotFound: `after` is nothing that a page gave.
    """
    statement = sa.select(events).where(*_conditions(filters))
    with db.read() as conn:
        page = _BY_START.read(conn, _EVENTS, statement, limit=limit, after=after)
    return EventList(items=page.items, after=page.after)


def _conditions(filters: EventFilters) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    application_id, job_id = filters.get("application_id"), filters.get("job_id")
    if application_id is not None:
        found.append(events.c.application_id == min(application_id, LARGEST_ID))
    if job_id is not None:
        of_job = sa.select(applications.c.id).where(
            applications.c.job_id == min(job_id, LARGEST_ID)
        )
        found.append(
            sa.or_(events.c.job_id == min(job_id, LARGEST_ID), events.c.application_id.in_(of_job))
        )
    since, until, kind = filters.get("since"), filters.get("until"), filters.get("kind")
    if since is not None:
        found.append(sa.func.coalesce(events.c.ends_at, events.c.starts_at) >= since)
    if until is not None:
        found.append(events.c.starts_at < until)
    if kind is not None:
        found.append(events.c.kind == kind)
    done = filters.get("done")
    if done is not None:
        found.append(events.c.done_at.is_not(None) if done else events.c.done_at.is_(None))
    return found


def _insert(conn: Connection, row: dict[str, Any]) -> Event:
    number: int = conn.execute(sa.insert(events).values(row).returning(events.c.id)).scalar_one()
    return to_struct({**row, "id": number}, Event)


def _hold_own(conn: Connection, event_id: int, expected: int | None) -> dict[str, Any]:
    row = versions.hold(conn, events, "event", event_id, expected)
    if row["kind"] == "status":
        raise NotAllowed(
            f"event {event_id} is a move of application {row['application_id']}, which is kept "
            "as it was",
            "Move the application to another status instead.",
        )
    return row


def _leave(conn: Connection, row: Mapping[str, Any]) -> None:
    if row["job_id"] is not None:
        touched.keep(conn, jobs.c.id == row["job_id"])


def _check_owners(conn: Connection, row: Mapping[str, Any]) -> None:
    if row.get("application_id") is not None:
        versions.find(conn, applications, "application", row["application_id"])
    if row.get("job_id") is not None:
        versions.find(conn, jobs, "job", row["job_id"])
