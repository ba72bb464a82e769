"""Forgetting postings that ended long ago and that no person ever touched.

It happens on demand alone. What a person touched stays for good: what has an application, be it
over, an event, a note or a tag, and what was edited, dismissed, or added by hand. That holds also
where it was taken back: such jobs are marked (`touched`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import job_changes, job_sightings, jobs
from jobtracker_core.storage.tracking_tables import (
    applications,
    dismissals,
    events,
    job_notes,
    job_tags,
)
from jobtracker_core.storage.turns import Turns

_LOOKED_AT: Final = 2_000
"""Jobs looked at in one transaction that reads."""


def prune(db: Database, closed_before: datetime, turns: Turns, *, dry_run: bool = False) -> int:
    """Delete jobs that were closed before a time, with what belongs to them; return how many."""
    which = sa.and_(jobs.c.closed_at < closed_before, _untouched())
    last, gone = 0, 0
    while not turns.stop():
        with db.read() as conn:
            end: int | None = conn.execute(_end_after(last)).scalar()
            if end is None:
                break
            span = (jobs.c.id > last) & (jobs.c.id <= end)
            doomed = list(conn.execute(sa.select(jobs.c.id).where(span, which)).scalars())
        last = end
        gone += len(doomed) if dry_run else _delete(db, doomed, which, turns)
    return gone


def _end_after(last: int) -> sa.Select[Any]:
    """Select the last number of the next jobs to look at."""
    some = sa.select(jobs.c.id).where(jobs.c.id > last).order_by(jobs.c.id).limit(_LOOKED_AT)
    return sa.select(sa.func.max(some.subquery().c.id))


def _delete(db: Database, numbers: list[int], which: ColumnElement[bool], turns: Turns) -> int:
    gone = 0
    while numbers and not turns.stop():
        some, numbers = numbers[: turns.size], numbers[turns.size :]
        with turns.writing(db) as conn:
            wanted = one_of(conn, jobs.c.id, some)
            if db.dialect == "postgresql":
                # Whoever gives one a tag or a note holds its row; without the lock that would not
                # be seen, and would be deleted with it.
                locked = sa.select(jobs.c.id).where(wanted).with_for_update(skip_locked=True)
                wanted = one_of(conn, jobs.c.id, list(conn.execute(locked).scalars()))
            gone += conn.execute(sa.delete(jobs).where(wanted, which)).rowcount
    return gone


def _untouched() -> ColumnElement[bool]:
    of_job = (applications.c.job_id, events.c.job_id, job_notes.c.job_id, job_tags.c.job_id)
    hidden = (dismissals.c.source == jobs.c.source) & (dismissals.c.source_id == jobs.c.source_id)
    # What no run has written, a person has.
    written = (
        (job_sightings.c.job_id == jobs.c.id) & job_sightings.c.last_run_id.is_(None),
        (job_changes.c.job_id == jobs.c.id) & job_changes.c.run_id.is_(None),
    )
    return sa.and_(
        jobs.c.first_run_id.is_not(None),
        *(~sa.exists().where(by_hand) for by_hand in written),
        jobs.c.edited.is_(None),
        jobs.c.dismissed_at.is_(None),
        *(~sa.exists().where(column == jobs.c.id) for column in of_job),
        ~sa.exists().where(hidden),
    )
