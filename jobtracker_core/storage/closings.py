"""Ends of jobs that are in doubt: the list goes on showing them, or the run is not believed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import job_changes, jobs

LAG = timedelta(days=1)
"""So long a list may go on showing a posting whose own page says that it has ended."""


def doubt(conn: Connection, job_ids: Sequence[int], *, at: datetime) -> None:
    """Have the details of closed jobs that a list shows again read once more, a day after the last.

    The list alone opens none: it may be behind. Nor does it stay closed for good because its page
    was refused once.
    """
    if job_ids:
        conn.execute(
            sa.update(jobs)
            .where(
                one_of(conn, jobs.c.id, job_ids),
                jobs.c.closed_at.is_not(None),
                jobs.c.details_at < at - LAG,
                sa.not_(jobs.c.details_due),
            )
            .values(details_due=True)
        )


def take_back(conn: Connection, run_id: int, *, at: datetime) -> int:
    """Open again what a run closed, and say so in the history; return how many jobs.

    What it stored closed from the first stays so, and what a person closed. Each of them is read
    again by the next run: its list entry is looked at as if it were another, its details are due.
    """
    closed = _closed_by(conn, run_id)
    if not closed:
        return 0
    found = conn.execute(
        sa.select(jobs.c.id, jobs.c.edited, jobs.c.details_at)
        .where(one_of(conn, jobs.c.id, sorted(closed)), jobs.c.closed_at.is_not(None))
        .order_by(jobs.c.id)
        .with_for_update()
    ).all()
    opened = [row.id for row in found if "closed" not in (row.edited or ())]
    if not opened:
        return 0
    conn.execute(
        sa.update(jobs)
        .where(one_of(conn, jobs.c.id, opened))
        .values(
            closed_at=None,
            list_hash=None,
            details_due=jobs.c.details_at.is_not(None),
            changed_at=at,
            version=jobs.c.version + 1,
        )
    )
    conn.execute(
        sa.insert(job_changes),
        [
            {
                "job_id": job_id,
                "run_id": run_id,
                "at": at,
                "kind": closed[job_id],
                "changes": {"closed": [True, False]},
            }
            for job_id in opened
        ],
    )
    return len(opened)


def _closed_by(conn: Connection, run_id: int) -> dict[int, str]:
    """Return the jobs that a run found open and left closed, and by which kind of page."""
    rows = conn.execute(
        sa.select(job_changes.c.job_id, job_changes.c.kind, job_changes.c.changes)
        .where(job_changes.c.run_id == run_id)
        .order_by(job_changes.c.id)
    ).all()
    was_open: dict[int, bool] = {}
    now_closed: dict[int, str] = {}
    for row in rows:
        if "closed" not in row.changes:
            continue
        was, is_now = row.changes["closed"]
        was_open.setdefault(row.job_id, not was)
        now_closed.pop(row.job_id, None)
        if is_now:
            now_closed[row.job_id] = row.kind
    return {job_id: kind for job_id, kind in now_closed.items() if was_open[job_id]}
