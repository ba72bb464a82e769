"""How the queue and the collectors do, in numbers that are cheap to have every few seconds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage import indexing
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.indexing import Lag
from jobtracker_core.storage.queue_tables import searches, workers
from jobtracker_core.storage.tables import PENDING, RUNNING, collectors
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.workers import SILENT_AFTER

_RECENT = timedelta(days=1)
_LOOKED_AT = 1_000
"""Of each collector, so many of its newest runs are looked at for one that was good."""


class CollectorGauge(Struct, frozen=True, kw_only=True):
    """How a collector does.

    Attributes:
        last_success: When the newest of its runs that succeeded has ended; None if none has.
        ended: How its runs of the last day have ended, by state.
    """

    name: str
    enabled: bool
    paused: bool
    failures: int
    last_success: datetime | None
    ended: Mapping[str, int]


class Gauges(Struct, frozen=True, kw_only=True):
    """Numbers of one moment.

    Attributes:
        pending: Runs in the queue, those for later included.
        due: Those of them that may begin now.
        oldest_due_s: Seconds for which the longest waiting of them has been due.
        running: Runs that somebody executes.
        schedule_lag_s: Seconds for which the longest overdue tick has not been dealt with.
        workers: Workers that were seen lately.
        index: How far the index of words is behind.
    """

    pending: int
    due: int
    oldest_due_s: float
    running: int
    schedule_lag_s: float
    workers: int
    index: Lag
    collectors: tuple[CollectorGauge, ...]


def read(db: Database) -> Gauges:
    """Read all of them in one transaction."""
    with db.read() as conn:
        moment = now(conn)
        due = sa.and_(PENDING, runs.c.scheduled_for <= moment)
        waiting = conn.execute(
            sa.select(sa.func.count(), sa.func.min(runs.c.scheduled_for)).where(due)
        ).one()
        overdue = conn.execute(
            sa.select(sa.func.min(searches.c.next_tick_at)).where(searches.c.enabled)
        ).scalar()
        return Gauges(
            pending=_count(conn, PENDING),
            due=waiting[0],
            oldest_due_s=_seconds(moment, waiting[1]),
            running=_count(conn, RUNNING),
            schedule_lag_s=_seconds(moment, overdue),
            workers=conn.execute(
                sa.select(sa.func.count())
                .select_from(workers)
                .where(workers.c.state != "gone", workers.c.last_seen_at >= moment - SILENT_AFTER)
            ).scalar_one(),
            index=indexing.lag(conn),
            collectors=_collectors(conn, moment),
        )


def _count(conn: Connection, which: sa.ColumnElement[bool]) -> int:
    found: int = conn.execute(
        sa.select(sa.func.count()).select_from(runs).where(which)
    ).scalar_one()
    return found


def _seconds(moment: datetime, since: datetime | None) -> float:
    return 0.0 if since is None else max(0.0, (moment - since).total_seconds())


def _collectors(conn: Connection, moment: datetime) -> tuple[CollectorGauge, ...]:
    rows = conn.execute(sa.select(collectors).order_by(collectors.c.name)).all()
    ended = _ended(conn, moment)
    return tuple(
        CollectorGauge(
            name=row.name,
            enabled=row.enabled,
            paused=row.paused_version is not None
            or (row.paused_until is not None and row.paused_until > moment),
            failures=row.consecutive_failures,
            last_success=_last_success(conn, row.id),
            ended=ended.get(row.id, {}),
        )
        for row in rows
    )


def _ended(conn: Connection, moment: datetime) -> dict[int, dict[str, int]]:
    # By the numbers of the rows, since no index is on their times: from the newest one back.
    newest_old = (
        sa.select(runs.c.id)
        .where(runs.c.created_at < moment - _RECENT)
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    last: int = conn.execute(newest_old).scalar() or 0
    found: dict[int, dict[str, int]] = {}
    counted = (
        sa.select(runs.c.collector_id, runs.c.state, sa.func.count())
        .where(runs.c.id > last, runs.c.finished_at.is_not(None))
        .group_by(runs.c.collector_id, runs.c.state)
    )
    for collector, state, number in conn.execute(counted):
        found.setdefault(collector, {})[state] = number
    return found


def _last_success(conn: Connection, collector: int) -> datetime | None:
    newest: Any = (
        sa.select(runs.c.id, runs.c.state, runs.c.finished_at)
        .where(runs.c.collector_id == collector)
        .order_by(runs.c.id.desc())
        .limit(_LOOKED_AT)
        .subquery()
    )
    found: datetime | None = conn.execute(
        sa.select(newest.c.finished_at)
        .where(newest.c.state == "succeeded")
        .order_by(newest.c.id.desc())
        .limit(1)
    ).scalar()
    return found
