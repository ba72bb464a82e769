"""Lists of jobs."""

from __future__ import annotations

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.jobs import JOB_COLUMNS, JOBS, Job
from jobtracker_core.storage.tables import job_changes, jobs
from jobtracker_core.storage.types import LARGEST_ID

# Made once: it takes longer to name so many columns than to read a page of them.
_ALL = sa.select(*JOB_COLUMNS)


class JobList(Struct, frozen=True, kw_only=True):
    """A page of a list. `after` leads to the next one; None where there is none."""

    items: tuple[Job, ...]
    after: str | None


def list_jobs(
    db: Database,
    *,
    source: str | None = None,
    text: str | None = None,
    changed_by_run: int | None = None,
    limit: int = 50,
    after: str | None = None,
) -> JobList:
    """Return jobs, those that arrived last first.

    `text` is part of the title or of the company's name, upper and lower case alike (on PostgreSQL,
    letters beyond ASCII follow the locale of the database). `changed_by_run` leaves only the known
    jobs that this run found changed. `after` is what the page before gave.

    Raises:
        NotFound: `after` is nothing that a page gave.
    """
    statement = _ALL.order_by(jobs.c.id.desc()).limit(limit + 1)
    if source is not None:
        statement = statement.where(jobs.c.source == source)
    text = (text or "").replace("\x00", "")  # PostgreSQL takes none, and no title has one
    if text:
        statement = statement.where(
            sa.or_(
                jobs.c.title.icontains(text, autoescape=True),
                jobs.c.company.icontains(text, autoescape=True),
            )
        )
    if changed_by_run is not None:
        by_run = sa.select(job_changes.c.job_id).where(job_changes.c.run_id == changed_by_run)
        statement = statement.where(jobs.c.id.in_(by_run))
    if after is not None:
        statement = statement.where(jobs.c.id < _position(after))
    with db.read() as conn:
        items = tuple(JOBS.read(conn, statement))
    more = len(items) > limit
    items = items[:limit]
    return JobList(items=items, after=str(items[-1].id) if more and items else None)


def count_jobs(db: Database, source: str | None = None) -> int:
    """Return how many jobs are stored, of one source or of all."""
    statement = sa.select(sa.func.count()).select_from(jobs)
    if source is not None:
        statement = statement.where(jobs.c.source == source)
    with db.read() as conn:
        return conn.execute(statement).scalar_one()


def _position(after: str) -> int:
    if not (after.isascii() and after.isdecimal()) or int(after[:20]) > LARGEST_ID:
        raise NotFound(
            f"{after[:40]!r} is no position in a list", "Use the `after` that a list gave."
        )
    return int(after)
