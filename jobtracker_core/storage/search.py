"""Lists of jobs."""

from __future__ import annotations

from typing import TypedDict, Unpack

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement

from jobtracker_core.contract.posting import Employment, Remote, Seniority
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.jobs import JOB_COLUMNS, JOBS, Job
from jobtracker_core.storage.tables import job_changes, jobs
from jobtracker_core.storage.types import LARGEST_ID

# Made once: it takes longer to name so many columns than to read a page of them.
_ALL = sa.select(*JOB_COLUMNS)

TALLY_LIMIT = 10_000
"""How far a tally counts: beyond it, an exact number would cost more than the list itself."""


class Filters(TypedDict, total=False):
    """Which jobs are meant; what is None or missing does not count.

    `text` is part of the title or of the company's name, upper and lower case alike (on PostgreSQL,
    letters beyond ASCII follow the locale of the database). `employment` may be one of several
    kinds that a job has. `closed` leaves only ended or only open jobs. `changed_by_run` leaves only
    the known jobs that this run found changed.
    """

    source: str | None
    text: str | None
    remote: Remote | None
    employment: Employment | None
    seniority: Seniority | None
    closed: bool | None
    changed_by_run: int | None


class JobList(Struct, frozen=True, kw_only=True):
    """A page of a list.

    Attributes:
        after: Leads to the page of older jobs; None where there are none.
        before: Leads to the page of newer jobs; None where this one began at the top.
    """

    items: tuple[Job, ...]
    after: str | None
    before: str | None = None


class Tally(Struct, frozen=True, kw_only=True):
    """How many jobs there are.

    Attributes:
        total: Jobs that match, at most `TALLY_LIMIT`; `more` says that there are more.
        newer: How many of them arrived after the job that was asked for; None where that many
            were not counted.
    """

    total: int
    more: bool
    newer: int | None = None


def list_jobs(
    db: Database,
    *,
    limit: int = 50,
    after: str | None = None,
    before: str | None = None,
    offset: int = 0,
    **filters: Unpack[Filters],
) -> JobList:
    """Return jobs, those that arrived last first.

    `after` or `before` is what another page of the same list gave. `offset` leaves out as many jobs
    from there on; the database walks over them, so keep it small.

    Raises:
        NotFound: `after` or `before` is nothing that a page gave.
        ValueError: Both were given.
    """
    if after is not None and before is not None:
        raise ValueError("a list goes on `after` one job or ends `before` one, not both")
    statement = _ALL.where(*_conditions(filters)).limit(limit + 1)
    statement = statement.offset(offset) if offset else statement
    if before is not None:
        # Walked upwards from the mark, for the page next to it and not the one at the top.
        statement = statement.where(jobs.c.id > _position(before)).order_by(jobs.c.id)
    else:
        statement = statement.order_by(jobs.c.id.desc())
    if after is not None:
        statement = statement.where(jobs.c.id < _position(after))
    with db.read() as conn:
        found = tuple(JOBS.read(conn, statement))
    more = len(found) > limit
    items = found[:limit] if before is None else found[:limit][::-1]
    if not items:
        return JobList(items=(), after=None, before=None)
    older = more if before is None else True
    newer = after is not None or offset > 0 if before is None else more
    return JobList(
        items=items,
        after=str(items[-1].id) if older else None,
        before=str(items[0].id) if newer else None,
    )


def tally(db: Database, *, first: int | None = None, **filters: Unpack[Filters]) -> Tally:
    """Count the jobs of a list up to `TALLY_LIMIT`, and those before the one numbered `first`."""
    matching = (
        sa.select(jobs.c.id)
        .where(*_conditions(filters))
        .order_by(jobs.c.id.desc())
        .limit(TALLY_LIMIT + 1)
        .subquery()
    )
    newer = sa.func.count().filter(matching.c.id > (LARGEST_ID if first is None else first))
    with db.read() as conn:
        total, before = conn.execute(sa.select(sa.func.count(), newer).select_from(matching)).one()
    # If all that were counted are newer, the job stands beyond them, and so may others before it.
    return Tally(
        total=min(total, TALLY_LIMIT),
        more=total > TALLY_LIMIT,
        newer=None if first is None or before == total else before,
    )


def sources(db: Database) -> tuple[str, ...]:
    """Return the names of the collectors that jobs are stored of, sorted."""
    # From each name to the next along the index: counting them apart would read all its entries.
    names = sa.select(sa.func.min(jobs.c.source).label("name")).cte("names", recursive=True)
    following = sa.select(sa.func.min(jobs.c.source)).where(jobs.c.source > names.c.name)
    walk = names.union_all(sa.select(following.scalar_subquery()).where(names.c.name.is_not(None)))
    with db.read() as conn:
        found = conn.execute(sa.select(walk.c.name).where(walk.c.name.is_not(None))).scalars()
        return tuple(found)


def count_jobs(db: Database, source: str | None = None) -> int:
    """Return how many jobs are stored, of one source or of all."""
    statement = sa.select(sa.func.count()).select_from(jobs)
    if source is not None:
        statement = statement.where(jobs.c.source == source)
    with db.read() as conn:
        return conn.execute(statement).scalar_one()


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    columns = {"source": jobs.c.source, "remote": jobs.c.remote, "seniority": jobs.c.seniority}
    found = [
        column == value
        for name, column in columns.items()
        if (value := filters.get(name)) is not None
    ]
    text = (filters.get("text") or "").replace(
        "\x00", ""
    )  # PostgreSQL takes none, no title has one
    if text:
        found.append(
            sa.or_(
                jobs.c.title.icontains(text, autoescape=True),
                jobs.c.company.icontains(text, autoescape=True),
            )
        )
    employment = filters.get("employment")
    if employment is not None:
        # A list of words in quotes, in the same spelling on both databases.
        found.append(sa.cast(jobs.c.employment, sa.Text).contains(f'"{employment}"'))
    closed = filters.get("closed")
    if closed is not None:
        found.append(jobs.c.closed_at.is_not(None) if closed else jobs.c.closed_at.is_(None))
    run = filters.get("changed_by_run")
    if run is not None:
        by_run = sa.select(job_changes.c.job_id).where(job_changes.c.run_id == min(run, LARGEST_ID))
        found.append(jobs.c.id.in_(by_run))
    return found


def _position(mark: str) -> int:
    if not (mark.isascii() and mark.isdecimal()) or int(mark[:20]) > LARGEST_ID:
        raise NotFound(f"{mark[:40]!r} is no position in a list", "Use the mark that a list gave.")
    return int(mark)
