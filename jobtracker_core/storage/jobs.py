"""Jobs as stored, one by one; and which of them need their details read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection

from jobtracker_core.contract.posting import (
    Employment,
    PayInterval,
    PayKind,
    Place,
    PostingRef,
    Precision,
    Remote,
    Seniority,
)
from jobtracker_core.contract.run import JobRef
from jobtracker_core.storage.companies import Company, read_one
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.keyset import Order
from jobtracker_core.storage.rows import Reader, to_struct
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import job_changes, job_sightings, job_texts, jobs
from jobtracker_core.storage.tracking_tables import APPLICATION_OPEN, applications
from jobtracker_core.storage.types import BIG_ID, LARGEST_ID


class Job(Struct, frozen=True, kw_only=True):
    """What a list shows of a job.

    Attributes:
        id: Order of arrival.
        place: The first place as the site shows it, or made of its parts.
        closed_at: When it was first seen to have ended; None while it is open.
        details_at: When its own page was last read; `details_due` says that its list entry has
            changed since.
        pay_kind: Set wherever there is pay. `pay_year_*` are the amounts times `pay_year_factor`.
        changed_at: When something a user sees last changed, or when it came.
        version: Grows with each change.
        edited: Fields that a person set: what is collected later does not change them. Empty if
            there are none any more, or if a person took back what else was on the job; None if it
            never was touched so.
        dismissed_at: When it was hidden from lists for good; None while it is shown.
    """

    id: int
    source: str
    source_id: str
    url: str
    title: str
    company: str | None
    company_id: int | None
    place: str | None
    city: str | None
    region: str | None
    country: str | None
    latitude: float | None
    longitude: float | None
    places: tuple[Place, ...] | None
    remote: Remote | None
    employment: tuple[Employment, ...] | None
    seniority: Seniority | None
    skills: tuple[str, ...] | None
    language: str | None
    pay_text: str | None
    pay_min: float | None
    pay_max: float | None
    pay_currency: str | None
    pay_interval: PayInterval | None
    pay_kind: PayKind | None
    pay_year_min: float | None
    pay_year_max: float | None
    pay_year_factor: float | None
    posted_at: datetime | None
    posted_precision: Precision | None
    apply_url: str | None
    closed_at: datetime | None
    details_at: datetime | None
    details_due: bool
    first_seen_at: datetime
    first_run_id: int | None
    changed_at: datetime
    version: int
    edited: tuple[str, ...] | None
    dismissed_at: datetime | None


class Change(Struct, frozen=True, kw_only=True):
    """What one page changed: field to [old, new]."""

    id: int
    job_id: int
    at: datetime
    run_id: int | None
    kind: Literal["list", "detail"]
    changes: dict[str, tuple[Any, Any]]

    @property
    def mark(self) -> str:
        """What leads to the changes that come after it in the list of its run."""
        return _IN_RUN.mark(self)


class JobDetail(Struct, frozen=True, kw_only=True):
    """All that is known of a job.

    Attributes:
        description: Sanitised HTML.
        raw: The site's own item, JSON or HTML, private parts blanked.
        times_seen: On how many list pages it stood.
        changes: Newest first.
    """

    job: Job
    description: str | None
    raw: str | None
    last_seen_at: datetime | None
    last_run_id: int | None
    times_seen: int
    company: Company | None
    changes: tuple[Change, ...]


JOB_COLUMNS = tuple(
    column
    for column in jobs.columns
    if column.name not in {"list_hash", "detail_hash", "detail_fields", "details_tried_at"}
)


JOBS = Reader(Job, JOB_COLUMNS)
"""Reads jobs out of rows of `ALL_JOBS`."""

ALL_JOBS = sa.select(JOBS.columns).select_from(jobs)
"""All jobs that are stored, without an order."""


class _Whole(Job, frozen=True, kw_only=True):
    """A job with what else `JobDetail` holds of its own rows."""

    description: str | None
    raw: str | None
    last_seen_at: datetime | None
    last_run_id: int | None
    times_seen: int | None


# The statements are made once: making one, with so many columns, takes longer than running it.
_WHOLE_COLUMNS = (
    *JOB_COLUMNS,
    *(job_texts.c.description, job_texts.c.raw),
    *(job_sightings.c.last_seen_at, job_sightings.c.last_run_id, job_sightings.c.times_seen),
)
_WHOLE = Reader(_Whole, _WHOLE_COLUMNS)
_SELECT_WHOLE = sa.select(_WHOLE.columns).select_from(
    jobs.outerjoin(job_texts).outerjoin(job_sightings)
)
_BY_ID = Fixed(_SELECT_WHOLE.where(jobs.c.id == sa.bindparam("job_id", type_=BIG_ID)), stable=True)
_BY_KEY = Fixed(
    _SELECT_WHOLE.where(
        jobs.c.source == sa.bindparam("source"), jobs.c.source_id == sa.bindparam("source_id")
    ),
    stable=True,
)
_CHANGES = Reader(Change, tuple(job_changes.columns))
_CHANGES_OF_JOB = Fixed(
    sa.select(_CHANGES.columns)
    .where(job_changes.c.job_id == sa.bindparam("job_id", type_=BIG_ID))
    .order_by(job_changes.c.id.desc()),
    stable=True,
)
_IN_RUN: Order[Change] = Order(
    job_changes.c.id, job_changes.c.job_id, lambda change: (change.id, change.job_id)
)


def get(db: Database, job_id: int) -> JobDetail:
    """Return a job with everything that belongs to it.

    Raises:
        NotFound: There is no job of that number.
    """
    # Larger numbers than the column's are no job's either; the drivers would fail on them.
    wanted = job_id if 0 < job_id <= LARGEST_ID else 0
    return _get(db, _BY_ID, {"job_id": wanted}, f"there is no job {job_id}")


def get_by_key(db: Database, source: str, source_id: str) -> JobDetail:
    """Return a job by its site's own id.

    Raises:
        NotFound: It is not stored.
    """
    key = {"source": source, "source_id": source_id}
    return _get(db, _BY_KEY, key, f"{source} has no stored job {source_id!r}")


def _get(db: Database, statement: Fixed, values: Mapping[str, Any], otherwise: str) -> JobDetail:
    with db.read() as conn:
        found = _WHOLE.read(conn, statement, values)
        if not found:
            raise NotFound(otherwise, "List the jobs to see their numbers.")
        whole = found[0]
        return JobDetail(
            job=Job(**{name: getattr(whole, name) for name in Job.__struct_fields__}),
            description=whole.description,
            raw=whole.raw,
            last_seen_at=whole.last_seen_at,
            last_run_id=whole.last_run_id,
            times_seen=whole.times_seen or 0,
            company=None if whole.company_id is None else read_one(conn, whole.company_id),
            changes=tuple(_CHANGES.read(conn, _CHANGES_OF_JOB, {"job_id": whole.id})),
        )


def brought_by(db: Database, source: str, run_id: int, *, count: int) -> tuple[JobRef, ...]:
    """Return the jobs that a run brought, in the order they came; `count` is how many it counted.

    They are found from the newest on, so that it is quick soon after the run and slow much later.
    """
    if count == 0:
        return ()
    columns = [jobs.c[name] for name in JobRef.__struct_fields__]
    found = (
        sa.select(*columns)
        .where(jobs.c.source == source, jobs.c.first_run_id == run_id)
        .order_by(jobs.c.id.desc())
        .limit(count)
    )
    with db.read() as conn:
        refs = [to_struct(row, JobRef) for row in conn.execute(found).mappings()]
    return tuple(reversed(refs))


def changes_of_run(
    db: Database, run_id: int, limit: int | None = None, *, after: str | None = None
) -> tuple[Change, ...]:
    """Return what a run found changed: so many at most, those of the latest job first.

    `after` is the `mark` of the last one known; raises NotFound if it is no such thing.
    """
    of_run = sa.select(_CHANGES.columns).where(job_changes.c.run_id == min(run_id, LARGEST_ID))
    # All of them have a job: the first part is the whole list.
    statement = _IN_RUN.parts(of_run, after=after)[0].limit(limit)
    with db.read() as conn:
        return tuple(_CHANGES.read(conn, statement))


def details_missing(db: Database, source: str, source_ids: Sequence[str]) -> list[str]:
    """Return those whose own page was never read.

    In the order given, but those that could not be had last time come last, the latest of them at
    the end: a few bad pages must not keep the others from being asked for.
    """
    known = sa.select(jobs.c.source_id, jobs.c.details_at, jobs.c.details_tried_at).where(
        jobs.c.source == source
    )
    with db.read() as conn:
        rows = conn.execute(known.where(one_of(conn, jobs.c.source_id, source_ids))).all()
    done = {row.source_id for row in rows if row.details_at is not None}
    tried = {row.source_id: row.details_tried_at for row in rows if row.details_tried_at}
    missing = [source_id for source_id in source_ids if source_id not in done]
    fresh = [source_id for source_id in missing if source_id not in tried]
    return [*fresh, *sorted(tried.keys() & set(missing), key=lambda key: (tried[key], key))]


def note_failed_details(
    conn: Connection, source: str, source_ids: Sequence[str], at: datetime
) -> None:
    """Remember that details could not be had; they stay wanted. In the caller's transaction."""
    if source_ids:
        conn.execute(
            sa.update(jobs)
            .where(jobs.c.source == source, one_of(conn, jobs.c.source_id, source_ids))
            .values(details_tried_at=at)
        )


def details_due(
    db: Database,
    source: str,
    limit: int,
    *,
    older_than: datetime,
    applied_older_than: datetime,
    tried_before: datetime,
    ahead_of: datetime,
) -> list[PostingRef]:
    """Return stored postings whose details should be read again, the most urgent first.

    First those with an application that is under way, if they are open and were read before
    `applied_older_than`, or are due anyway. Then those whose list entry says something else since
    their details were read, then open ones whose details were read before `older_than`; each of
    these in the order of when they were read. One that could not be had since `tried_before` waits.
    What was read or tried after `ahead_of`, by a clock that was wrong, does not wait for that time.
    """
    tried = jobs.c.details_tried_at
    of_source = (
        sa.select(jobs.c.source_id, jobs.c.url, jobs.c.title)
        .where(
            jobs.c.source == source,
            sa.or_(tried.is_(None), tried < tried_before, tried > ahead_of),
        )
        .order_by(jobs.c.details_at, jobs.c.id)
        .limit(limit)
    )
    applied = sa.select(applications.c.job_id).where(APPLICATION_OPEN)
    groups = (
        of_source.where(jobs.c.id.in_(applied), sa.or_(DUE, _read_before(applied_older_than))),
        of_source.where(DUE),
        of_source.where(sa.not_(jobs.c.details_due), _read_before(older_than)),
        of_source.where(sa.not_(jobs.c.details_due), _OPEN, jobs.c.details_at > ahead_of),
    )
    due: dict[str, PostingRef] = {}
    with db.read() as conn:
        for group in groups:
            if len(due) >= limit:
                break
            for row in conn.execute(group).mappings():
                due.setdefault(row["source_id"], to_struct(row, PostingRef))
    return list(due.values())[:limit]


# Spelled out, not as a column: SQLite would be asked for "details_due = 1", which it does not take
# for what the partial index says.
DUE: ColumnElement[Any] = sa.literal_column("jobs.details_due")
_OPEN = sa.and_(jobs.c.closed_at.is_(None), jobs.c.details_at.is_not(None))


def _read_before(moment: datetime) -> ColumnElement[bool]:
    return sa.and_(_OPEN, jobs.c.details_at < moment)
