"""What a calendar shows: events, and the next actions of applications."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tracking_tables import OPEN_STATUSES, applications, events

EntryKind = Literal[
    "interview",
    "follow_up",
    "deadline",
    "note",
    "status",
    "call",
    "offer",
    "other",
    "next_action",
]


class CalendarEntry(Struct, frozen=True, kw_only=True):
    """An event, or the next action of an open application (kind `next_action`, a whole day).

    Attributes:
        uid: The same in every calendar that shows it.
        event_id: None for a next action.
        starts_at: An instant. Of whole days, the beginning of the first one.
        ends_at: Of whole days, the beginning of the last one.
        subject: What it is about: the title of the application or of the job.
        url: The posting's address.
        version: Of the event or of the application.
    """

    uid: str
    kind: EntryKind
    event_id: int | None
    application_id: int | None
    job_id: int | None
    title: str
    text: str | None
    place: str | None
    starts_at: datetime
    ends_at: datetime | None
    timezone: str
    all_day: bool
    reminder_min: int | None
    done: bool
    subject: str | None
    company: str | None
    url: str | None
    version: int
    updated_at: datetime


class NextAction(Struct, frozen=True, kw_only=True):
    """What is to be done next for an open application, and on which day."""

    uid: str
    application_id: int
    job_id: int | None
    title: str
    on: date
    subject: str
    company: str | None
    url: str | None
    version: int
    updated_at: datetime


def events_between(
    db: Database,
    since: datetime,
    until: datetime | None,
    *,
    limit: int,
    with_moves: bool,
) -> tuple[CalendarEntry, ...]:
    """Return the events that go on in a span of time, the earliest first.

    `with_moves` says whether the moves of applications are among them.
    """
    found = _EVENTS.where(sa.func.coalesce(events.c.ends_at, events.c.starts_at) >= since)
    if until is not None:
        found = found.where(events.c.starts_at < until)
    if not with_moves:
        found = found.where(events.c.kind != "status")
    found = found.order_by(events.c.starts_at, events.c.id).limit(limit)
    with db.read() as conn:
        return tuple(to_struct(row, CalendarEntry) for row in conn.execute(found).mappings())


def due_events(
    db: Database, until: datetime, *, kinds: Sequence[str], limit: int
) -> tuple[CalendarEntry, ...]:
    """Return what of some kinds begins before `until` and is not done, the earliest first."""
    found = (
        _EVENTS.where(
            events.c.done_at.is_(None), events.c.kind.in_(kinds), events.c.starts_at < until
        )
        .order_by(events.c.starts_at, events.c.id)
        .limit(limit)
    )
    with db.read() as conn:
        return tuple(to_struct(row, CalendarEntry) for row in conn.execute(found).mappings())


def next_actions(
    db: Database, since: date, until: date | None, *, limit: int
) -> tuple[NextAction, ...]:
    """Return the next actions of open applications from one day to another, that one included."""
    found = _ACTIONS.where(applications.c.next_action_on >= since)
    if until is not None:
        found = found.where(applications.c.next_action_on <= until)
    found = found.order_by(applications.c.next_action_on, applications.c.id).limit(limit)
    with db.read() as conn:
        return tuple(to_struct(row, NextAction) for row in conn.execute(found).mappings())


def _either(name: str) -> sa.ColumnElement[Any]:
    """What the application says; without one, what the job says."""
    return sa.func.coalesce(applications.c[name], jobs.c[name])


_EVENTS = sa.select(
    events.c.uid,
    events.c.kind,
    events.c.id.label("event_id"),
    events.c.application_id,
    sa.func.coalesce(events.c.job_id, applications.c.job_id).label("job_id"),
    *(events.c.title, events.c.text, events.c.place, events.c.starts_at, events.c.ends_at),
    *(events.c.timezone, events.c.all_day, events.c.reminder_min),
    events.c.done_at.is_not(None).label("done"),
    _either("title").label("subject"),
    _either("company").label("company"),
    _either("url").label("url"),
    *(events.c.version, events.c.updated_at),
).select_from(
    events.outerjoin(applications, applications.c.id == events.c.application_id).outerjoin(
        jobs, jobs.c.id == events.c.job_id
    )
)
_ACTIONS = sa.select(
    applications.c.uid,
    applications.c.id.label("application_id"),
    applications.c.job_id,
    sa.func.coalesce(applications.c.next_action, "Next action").label("title"),
    applications.c.next_action_on.label("on"),
    applications.c.title.label("subject"),
    *(applications.c.company, applications.c.url, applications.c.version),
    applications.c.updated_at,
).where(applications.c.next_action_on.is_not(None), applications.c.status.in_(OPEN_STATUSES))
