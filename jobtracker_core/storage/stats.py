"""Numbers for a front page."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage.application_list import Pipeline
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tracking_tables import applications, events


class SourceCount(Struct, frozen=True, kw_only=True):
    """Jobs of one source: all that are stored, and those that came since the asked-for time."""

    source: str
    jobs: int
    new: int


class RunCounts(Struct, frozen=True, kw_only=True):
    """Runs that wait or go on now, and how those ended that ended since the asked-for time."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    partial: int = 0
    suspect: int = 0
    failed: int = 0
    cancelled: int = 0
    missed: int = 0


class DueCounts(Struct, frozen=True, kw_only=True):
    """What is to be done and not marked as done.

    Attributes:
        overdue: Events and next actions whose time has passed.
        soon: Those of the next seven days.
    """

    overdue: int
    soon: int


class Stats(Struct, frozen=True, kw_only=True):
    """Numbers for a front page.

    Attributes:
        since: What `new` and ended runs are counted from.
        jobs: All that are stored.
        new: Those that came since.
        open: Those that are shown in lists: neither ended nor dismissed.
    """

    since: datetime
    at: datetime
    jobs: int
    new: int
    open: int
    sources: tuple[SourceCount, ...]
    applications: Pipeline
    due: DueCounts
    runs: RunCounts


_SOON = timedelta(days=7)
_TO_BE_DONE = ("interview", "follow_up", "deadline", "call")


def front(db: Database, since: datetime) -> Stats:
    """Count everything in one transaction; reads the index of all jobs."""
    with db.read() as conn:
        moment = now(conn)
        sources = _sources(conn, since)
        return Stats(
            since=since,
            at=moment,
            jobs=sum(source.jobs for source in sources),
            new=sum(source.new for source in sources),
            open=_count(conn, jobs, jobs.c.closed_at.is_(None), jobs.c.dismissed_at.is_(None)),
            sources=sources,
            applications=_applications(conn),
            due=_due(conn, moment),
            runs=_runs(conn, since),
        )


def _count(conn: Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
    statement = sa.select(sa.func.count()).select_from(table).where(*conditions)
    number: int = conn.execute(statement).scalar_one()
    return number


def _sources(conn: Connection, since: datetime) -> tuple[SourceCount, ...]:
    new = sa.func.count().filter(jobs.c.first_seen_at >= since)
    counts = (
        sa.select(jobs.c.source, sa.func.count(), new).group_by(jobs.c.source).order_by("source")
    )
    return tuple(
        SourceCount(source=source, jobs=number, new=arrived)
        for source, number, arrived in conn.execute(counts)
    )


def _applications(conn: Connection) -> Pipeline:
    status = applications.c.status
    counts = conn.execute(sa.select(status, sa.func.count()).group_by(status))
    return Pipeline(**{str(name): number for name, number in counts})


def _due(conn: Connection, moment: datetime) -> DueCounts:
    # Notes and the like are no tasks, so that they cannot be late.
    undone = sa.and_(events.c.done_at.is_(None), events.c.kind.in_(_TO_BE_DONE))
    ends = sa.func.coalesce(events.c.ends_at, events.c.starts_at)
    today = moment.date()
    acts = sa.and_(
        applications.c.next_action_on.is_not(None),
        applications.c.status.in_(("draft", "applied", "interviewing", "offer")),
    )
    day = applications.c.next_action_on
    late = _count(conn, events, undone, ends < moment)
    soon = _count(conn, events, undone, ends >= moment, events.c.starts_at < moment + _SOON)
    return DueCounts(
        overdue=late + _count(conn, applications, acts, day < today),
        soon=soon + _count(conn, applications, acts, day >= today, day < today + _SOON),
    )


def _runs(conn: Connection, since: datetime) -> RunCounts:
    counts = (
        sa.select(runs.c.state, sa.func.count())
        .where(sa.or_(runs.c.finished_at.is_(None), runs.c.finished_at >= since))
        .group_by(runs.c.state)
    )
    return RunCounts(**{str(state): number for state, number in conn.execute(counts)})
