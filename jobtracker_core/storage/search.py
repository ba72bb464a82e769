"""Lists of jobs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Unpack, cast

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement, Connection

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.job_filters import ORDERS, Filters, Sort, conditions, plain_text
from jobtracker_core.storage.jobs import JOB_COLUMNS, JOBS, Job
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.types import BIG_ID, LARGEST_ID

__all__ = ["Filters", "JobList", "Sort", "Tally", "count_jobs", "list_jobs", "sources", "tally"]

# Made once: it takes longer to name so many columns than to read a page of them.
_ALL = sa.select(*JOB_COLUMNS)


def _sources() -> sa.Select[Any]:
    # From each name to the next along the index: counting them apart would read all its entries.
    names = sa.select(sa.func.min(jobs.c.source).label("name")).cte("names", recursive=True)
    following = sa.select(sa.func.min(jobs.c.source)).where(jobs.c.source > names.c.name)
    walk = names.union_all(sa.select(following.scalar_subquery()).where(names.c.name.is_not(None)))
    return sa.select(walk.c.name).where(walk.c.name.is_not(None))


_SOURCES = _sources()

_LOWEST, _HIGHEST = (
    sa.select(end(jobs.c.id)).scalar_subquery() for end in (sa.func.min, sa.func.max)
)

_MOST_ALIKE = 5

TALLY_LIMIT = 10_000
"""How far a tally counts: beyond it, an exact number would cost more than the list itself."""


class JobList(Struct, frozen=True, kw_only=True):
    """A page of a list.

    Attributes:
        after: Leads to the page behind this one, of older jobs; None where there are none.
        before: Leads to the page before it, of newer jobs; None where this one began at the top.
    """

    items: tuple[Job, ...]
    after: str | None
    before: str | None = None


class Tally(Struct, frozen=True, kw_only=True):
    """How many jobs there are.

    Attributes:
        total: Jobs that match, at most `TALLY_LIMIT`; `more` says that there are more.
        newer: How many of them come before the job that was asked for; None where that many
            were not counted.
        estimate: About how many there are, where there are more than were counted.
    """

    total: int
    more: bool
    newer: int | None = None
    estimate: int | None = None


def list_jobs(
    db: Database,
    *,
    limit: int = 50,
    after: str | None = None,
    before: str | None = None,
    offset: int = 0,
    sort: Sort = "arrival",
    **filters: Unpack[Filters],
) -> JobList:
    """Return jobs, those that arrived last first, or in another order.

    `after` or `before` is what another page of the same list gave. `offset` leaves out as many jobs
    from there on; the database walks over them, so keep it small.

    Raises:
        NotFound: `after` or `before` is nothing that a page of this order gave.
        ValueError: Both were given.
    """
    statement = _ALL.where(*conditions(filters))
    with db.look() as conn:
        page = ORDERS[sort].read(
            conn, JOBS, statement, limit=limit, after=after, before=before, offset=offset
        )
    return JobList(items=page.items, after=page.after, before=page.before)


def alike(db: Database, *, url: str, title: str, company: str | None) -> tuple[Job, ...]:
    """Return jobs at the same address, or with the same title at a company of the same name.

    Upper and lower case are alike in the latter. At most five, those that arrived last first.
    """
    same = [jobs.c.url == plain_text(url)]
    if company:
        named = (jobs.c.title, title), (jobs.c.company, company)
        same.append(
            sa.and_(*(sa.func.lower(c) == sa.func.lower(plain_text(text)) for c, text in named))
        )
    statement = _ALL.where(sa.or_(*same)).order_by(jobs.c.id.desc()).limit(_MOST_ALIKE)
    with db.look() as conn:
        return tuple(JOBS.read(conn, statement))


def tally(
    db: Database,
    *,
    first: int | None = None,
    sort: Sort = "arrival",
    **filters: Unpack[Filters],
) -> Tally:
    """Count the jobs of a list up to `TALLY_LIMIT`, and those before the one numbered `first`."""
    newest = LARGEST_ID if first is None else min(first, LARGEST_ID)
    with db.look() as conn:
        counted = conn.execute(_tally(frozenset(filters.items()), TALLY_LIMIT), {"newest": newest})
        total, before, oldest, lowest, highest = counted.one()
        more = total > TALLY_LIMIT
        if first is not None and sort != "arrival":
            before = _count_before(conn, first, sort, conditions(filters))
        return Tally(
            total=min(total, TALLY_LIMIT),
            more=more,
            # If all that were counted are newer, the job stands beyond them, and so may others.
            newer=None if first is None or before is None or before == total else before,
            estimate=_estimate(oldest, lowest, highest) if more else None,
        )


# Kept for the filters that somebody pages with: making it takes as long as running it.
@lru_cache(maxsize=64)
def _tally(filters: frozenset[tuple[str, Any]], limit: int) -> sa.Select[Any]:
    matching = (
        sa.select(jobs.c.id)
        .where(*conditions(cast("Filters", dict(filters))))
        .order_by(jobs.c.id.desc())
        .limit(limit + 1)
        .subquery()
    )
    newer = sa.func.count().filter(matching.c.id > sa.bindparam("newest", type_=BIG_ID))
    oldest = sa.func.min(matching.c.id)
    return sa.select(sa.func.count(), newer, oldest, _LOWEST, _HIGHEST).select_from(matching)


def _count_before(
    conn: Connection, first: int, sort: Sort, required: list[ColumnElement[bool]]
) -> int | None:
    wanted = _ALL.where(jobs.c.id == (first if 0 < first <= LARGEST_ID else 0))
    found = JOBS.read(conn, wanted)
    if not found:
        return None
    before = sa.select(jobs.c.id).where(*required, ORDERS[sort].before(found[0]))
    counted = before.limit(TALLY_LIMIT + 1).subquery()
    number: int = conn.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one()
    return None if number > TALLY_LIMIT else number


def _estimate(oldest: int, lowest: int, highest: int) -> int:
    """Go by how thick the matching jobs lie among those that arrived last, to two digits."""
    share = (TALLY_LIMIT + 1) / (highest - oldest + 1)
    return max(TALLY_LIMIT + 1, int(float(f"{share * (highest - lowest + 1):.2g}")))


def sources(db: Database) -> tuple[str, ...]:
    """Return the names of the collectors that jobs are stored of, sorted."""
    with db.look() as conn:
        return tuple(conn.execute(_SOURCES).scalars())


def count_jobs(db: Database, source: str | None = None) -> int:
    """Return how many jobs are stored, of one source or of all."""
    statement = sa.select(sa.func.count()).select_from(jobs)
    if source is not None:
        statement = statement.where(jobs.c.source == source)
    with db.look() as conn:
        return conn.execute(statement).scalar_one()
