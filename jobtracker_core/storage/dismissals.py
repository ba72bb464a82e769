"""Jobs hidden for good, until the person takes that back."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage import touched, versions
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.rows import Reader, to_struct
from jobtracker_core.storage.statements import insert_or_ignore
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tracking_tables import dismissals


class Dismissal(Struct, frozen=True, kw_only=True):
    """A job that is hidden.

    Attributes:
        job_id: None where the job was deleted; collected again, it is stored and stays hidden.
    """

    id: int
    source: str
    source_id: str
    title: str
    company: str | None
    reason: str | None
    dismissed_at: datetime
    job_id: int | None


class Hidden(Struct, frozen=True, kw_only=True):
    """By what a job is hidden; None where it is shown."""

    dismissal: Dismissal | None


class DismissalList(Struct, frozen=True, kw_only=True):
    """A page of dismissals. `after` leads to the next one; None where there is none."""

    items: tuple[Dismissal, ...]
    after: str | None


_COLUMNS = (*dismissals.columns, jobs.c.id.label("job_id"))
_SELECT = sa.select(*_COLUMNS).select_from(
    dismissals.outerjoin(
        jobs,
        sa.and_(jobs.c.source == dismissals.c.source, jobs.c.source_id == dismissals.c.source_id),
    )
)
_DISMISSALS = Reader(Dismissal, (*dismissals.columns, sa.Column("job_id", jobs.c.id.type)))
_LATEST: Order[Dismissal] = Order(dismissals.c.id, None, lambda row: (row.id, None))


def dismiss(db: Database, job_id: int, *, reason: str | None = None) -> Dismissal:
    """Hide a job; one that is hidden already stays as it is. Raises NotFound."""
    with db.write() as conn:
        moment = now(conn)
        job = versions.hold(conn, jobs, "job", job_id)
        key = {"source": job["source"], "source_id": job["source_id"]}
        if job["dismissed_at"] is None:
            row = key | {"title": job["title"], "company": job["company"], "reason": reason}
            conn.execute(
                insert_or_ignore(conn, dismissals, "source", "source_id"),
                row | {"dismissed_at": moment},
            )
            conn.execute(sa.update(jobs).where(jobs.c.id == job_id).values(dismissed_at=moment))
        found = _SELECT.where(
            dismissals.c.source == key["source"], dismissals.c.source_id == key["source_id"]
        )
        return to_struct(conn.execute(found).mappings().one(), Dismissal)


def of_job(db: Database, job_id: int) -> Dismissal | None:
    """Return by what a job is hidden, None if it is not; raises NotFound for the job."""
    with db.read() as conn:
        versions.find(conn, jobs, "job", job_id)
        row = conn.execute(_SELECT.where(jobs.c.id == job_id)).mappings().first()
        return None if row is None else to_struct(row, Dismissal)


def restore(db: Database, dismissal_id: int) -> Dismissal:
    """Take a dismissal back and return what it was; raises NotFound."""
    with db.write() as conn:
        found = conn.execute(_SELECT.where(dismissals.c.id == versions.known(dismissal_id)))
        row = found.mappings().first()
        if row is None:
            raise versions.missing("dismissal", dismissal_id)
        dismissal = to_struct(row, Dismissal)
        _show(conn, dismissal.source, dismissal.source_id)
        return dismissal


def restore_job(db: Database, job_id: int) -> None:
    """Show a job again; raises NotFound if there is no such job, or it is not hidden."""
    with db.write() as conn:
        job = versions.hold(conn, jobs, "job", job_id)
        if job["dismissed_at"] is None:
            raise NotFound(f"job {job_id} is not dismissed", "Nothing is to be done.")
        _show(conn, job["source"], job["source_id"])


def _show(conn: Connection, source: str, source_id: str) -> None:
    touched.keep(conn, (jobs.c.source == source) & (jobs.c.source_id == source_id))
    for table, change in (
        (jobs, sa.update(jobs).values(dismissed_at=None)),
        (dismissals, sa.delete(dismissals)),
    ):
        conn.execute(change.where(table.c.source == source, table.c.source_id == source_id))


def list_dismissals(db: Database, *, limit: int = 50, after: str | None = None) -> DismissalList:
    """Return what is hidden, the latest first.

    Raises:
        NotFound: `after` is nothing that a page gave.
    """
    with db.read() as conn:
        page = _LATEST.read(conn, _DISMISSALS, _SELECT, limit=limit, after=after)
    return DismissalList(items=page.items, after=page.after)
