"""What a posting said when one applied: kept whatever becomes of the job."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.contract.posting import PayInterval, PayKind, Remote
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.tables import job_texts, jobs
from jobtracker_core.storage.tracking_tables import application_snapshots as snapshots
from jobtracker_core.storage.tracking_tables import applications


class Snapshot(Struct, frozen=True, kw_only=True):
    """A posting as it stood at `taken_at`; it never changes. `description` is sanitised HTML."""

    taken_at: datetime
    source: str
    source_id: str
    url: str
    apply_url: str | None
    title: str
    company: str | None
    place: str | None
    remote: Remote | None
    posted_at: datetime | None
    pay_text: str | None
    pay_min: float | None
    pay_max: float | None
    pay_currency: str | None
    pay_interval: PayInterval | None
    pay_kind: PayKind | None
    description: str | None


_SAID = tuple(name for name in Snapshot.__struct_fields__ if name != "taken_at")


def take(conn: Connection, application_id: int, job_id: int, at: datetime) -> None:
    """Freeze the job as it is now, unless the newest snapshot already says the same."""
    columns = [(job_texts if name == "description" else jobs).c[name] for name in _SAID]
    row = (
        conn.execute(
            sa.select(*columns).select_from(jobs.outerjoin(job_texts)).where(jobs.c.id == job_id)
        )
        .mappings()
        .first()
    )
    if row is None:
        return
    newest = _newest_first(application_id).limit(1)
    before = conn.execute(newest).mappings().first()
    said = plain(row)
    if before is None or any(before[name] != said[name] for name in _SAID):
        conn.execute(
            sa.insert(snapshots).values(application_id=application_id, taken_at=at, **said)
        )


def take_of_job(conn: Connection, job_id: int, at: datetime) -> None:
    """Freeze a job that is about to go for those of its applications that have no snapshot."""
    has_one = sa.exists().where(snapshots.c.application_id == applications.c.id)
    without = sa.select(applications.c.id).where(applications.c.job_id == job_id, ~has_one)
    for application_id in conn.execute(without).scalars().all():
        take(conn, application_id, job_id, at)


def of_application(conn: Connection, application_id: int) -> tuple[Snapshot, ...]:
    """Return the snapshots of an application, the newest first."""
    rows = conn.execute(_newest_first(application_id)).mappings()
    return tuple(to_struct(row, Snapshot) for row in rows)


def _newest_first(application_id: int) -> sa.Select[Any]:
    return (
        sa.select(*(snapshots.c[name] for name in Snapshot.__struct_fields__))
        .where(snapshots.c.application_id == application_id)
        .order_by(snapshots.c.id.desc())
    )
