"""What somebody should look at: counts that are cheap to have every few seconds, and strips."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.jobs import ALL_JOBS, JOBS, Job
from jobtracker_core.storage.queue_tables import searches
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.tables import RUNNING, collectors, jobs
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.tracking_tables import OPEN_STATUSES, applications, events

MOST: Final = 100
"""How far is counted."""

LOOKED_AT: Final = 5_000
"""So many of the newest jobs are looked at for those that are new, and of runs a fifth of it."""

TO_BE_DONE: Final = ("interview", "follow_up", "deadline", "call")
"""Kinds of events that can be due: notes and the like are no tasks."""


_IN_TROUBLE: Final = sa.select(collectors.c.id).where(
    collectors.c.enabled,
    sa.or_(collectors.c.paused_until.is_not(None), collectors.c.paused_version.is_not(None)),
)


class Attention(Struct, frozen=True, kw_only=True):
    """Counts of one moment, none higher than `MOST`: one that is so high may be higher.

    Attributes:
        new: Jobs that came since, and that nobody has dismissed or applied to.
        due: Events and next actions that are to be done by the end of the day, late ones too.
        running: Runs that go on.
        failed: Runs that failed since.
        trouble: Collectors that are on and do not run by themselves, because they failed.
    """

    new: int
    due: int
    running: int
    failed: int
    trouble: int


class Beat(Struct, frozen=True, kw_only=True):
    """A run, as a strip shows it; `new` are the jobs that it was the first to see."""

    id: int
    state: RunState
    started_at: datetime | None
    finished_at: datetime | None
    seen: int
    new: int


class Strip(Struct, frozen=True, kw_only=True):
    """A collector's last runs that have ended, the oldest first."""

    collector: str
    beats: tuple[Beat, ...]


class Failure(Struct, frozen=True, kw_only=True):
    """A run that failed; `search` is the name of the search that it was for."""

    id: int
    collector: str
    search: str | None
    finished_at: datetime
    error_class: ErrorClass | None
    error_message: str | None


def count(db: Database, *, since: datetime | None, until: datetime, day: date) -> Attention:
    """Count in one transaction; the work does not grow with what is stored.

    Args:
        db: The database.
        since: What is new came then or later; None is the beginning.
        until: The end of the reader's day.
        day: That day.
    """
    with db.read() as conn:
        return Attention(
            new=_counted(conn, _new(conn, since)),
            due=_due(conn, until, day),
            running=_counted(conn, sa.select(runs.c.id).where(RUNNING)),
            failed=_counted(conn, _failed(since).with_only_columns(runs.c.id)),
            trouble=_counted(conn, _IN_TROUBLE),
        )


def newest(db: Database, *, since: datetime | None, limit: int) -> tuple[Job, ...]:
    """Return the newest of the jobs that `count` counts as new."""
    with db.read() as conn:
        some = _new(conn, since).order_by(sa.desc("id")).limit(limit).subquery()
        wanted = ALL_JOBS.where(jobs.c.id.in_(sa.select(some.c.id)))
        return tuple(JOBS.read(conn, wanted.order_by(jobs.c.id.desc())))


def strips(db: Database, length: int) -> tuple[Strip, ...]:
    """Return the last runs of each collector that is on, by name; one walk of an index each."""
    wanted = sa.select(collectors.c.id, collectors.c.name).where(collectors.c.enabled)
    with db.read() as conn:
        return tuple(
            Strip(collector=name, beats=_beats(conn, number, length))
            for number, name in conn.execute(wanted.order_by(collectors.c.name)).all()
        )


def failures(db: Database, since: datetime, limit: int) -> tuple[Failure, ...]:
    """Return the runs that failed since, the newest first."""
    found = (
        _failed(since)
        .join(collectors, collectors.c.id == runs.c.collector_id)
        .outerjoin(searches, searches.c.id == runs.c.search_id)
        .with_only_columns(
            *(runs.c.id, runs.c.finished_at, runs.c.error_class, runs.c.error_message),
            collectors.c.name.label("collector"),
            searches.c.name.label("search"),
        )
        .order_by(runs.c.id.desc())
        .limit(limit)
    )
    with db.read() as conn:
        return tuple(to_struct(row, Failure) for row in conn.execute(found).mappings())


def _counted(conn: Connection, found: sa.Select[Any]) -> int:
    some = found.limit(MOST).subquery()
    number: int = conn.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    return number


def _new(conn: Connection, since: datetime | None) -> sa.Select[Any]:
    # Jobs are numbered as they arrive, so that new ones are the last: no index of times is needed,
    # and none has to be written with each job.
    newest = (
        sa.select(jobs.c.id, jobs.c.first_seen_at, jobs.c.dismissed_at, jobs.c.closed_at)
        .order_by(jobs.c.id.desc())
        .limit(LOOKED_AT)
        .subquery()
    )
    found = sa.select(newest.c.id).where(
        newest.c.dismissed_at.is_(None),
        newest.c.closed_at.is_(None),
        ~sa.exists().where(applications.c.job_id == newest.c.id),
    )
    if since is None:
        return found
    older = sa.select(newest.c.id).where(newest.c.first_seen_at < since).limit(1)
    last = conn.execute(older.order_by(newest.c.id.desc())).scalar()
    if last is not None:
        found = found.where(newest.c.id > last)
    return found.where(newest.c.first_seen_at >= since)


def _due(conn: Connection, until: datetime, day: date) -> int:
    undone = sa.select(events.c.id).where(
        events.c.done_at.is_(None), events.c.kind.in_(TO_BE_DONE), events.c.starts_at < until
    )
    acts = sa.select(applications.c.id).where(
        applications.c.next_action_on <= day, applications.c.status.in_(OPEN_STATUSES)
    )
    return min(MOST, _counted(conn, undone) + _counted(conn, acts))


def _failed(since: datetime | None) -> sa.Select[Any]:
    # Those that ended lately are among those that began lately, but for runs of days.
    first = (
        sa.select(runs.c.id)
        .order_by(runs.c.id.desc())
        .offset(LOOKED_AT // 5)
        .limit(1)
        .scalar_subquery()
    )
    found = sa.select(runs).where(
        runs.c.state == sa.literal_column("'failed'"), runs.c.id > sa.func.coalesce(first, 0)
    )
    return found if since is None else found.where(runs.c.finished_at >= since)


def _beats(conn: Connection, collector_id: int, length: int) -> tuple[Beat, ...]:
    found = (
        sa.select(
            *(runs.c.id, runs.c.state, runs.c.started_at, runs.c.finished_at),
            *(runs.c.jobs_seen.label("seen"), runs.c.jobs_new.label("new")),
        )
        .where(runs.c.collector_id == collector_id, runs.c.finished_at.is_not(None))
        .order_by(runs.c.id.desc())
        .limit(length)
    )
    newest = [to_struct(row, Beat) for row in conn.execute(found).mappings()]
    return tuple(reversed(newest))
