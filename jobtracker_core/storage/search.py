"""Lists of jobs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Unpack, cast

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection

from jobtracker_core.search.nodes import sought
from jobtracker_core.storage import find, find_plan, relevance, tallies
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.find_marks import narrowed
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.job_filters import (
    ORDERS,
    Filters,
    Sort,
    begins,
    conditions,
    is_whole,
    plain_text,
)
from jobtracker_core.storage.jobs import ALL_JOBS, JOBS, Job
from jobtracker_core.storage.keyset import Page, Towards
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.tallies import Tally


def _sources() -> sa.Select[Any]:
    # From each name to the next along the index: counting them apart would read all its entries.
    names = sa.select(sa.func.min(jobs.c.source).label("name")).cte("names", recursive=True)
    following = sa.select(sa.func.min(jobs.c.source)).where(jobs.c.source > names.c.name)
    walk = names.union_all(sa.select(following.scalar_subquery()).where(names.c.name.is_not(None)))
    return sa.select(walk.c.name).where(walk.c.name.is_not(None))


_SOURCES = _sources()

_MOST_ALIKE = 5


class JobList(Struct, frozen=True, kw_only=True):
    """A page of a list.

    A page may have fewer jobs than were asked for, or none, though others follow: where too many
    texts would have to be read for more.

    Attributes:
        after: Leads to the page behind this one, of older jobs; None where there are none.
        before: Leads to the page before it, of newer jobs; None where this one began at the top.
    """

    items: tuple[Job, ...]
    after: str | None
    before: str | None = None


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
        SearchError: The text cannot be read.
        ValueError: Both were given.
    """
    if not filters.get("text") and not find_plan.is_marked(filters):
        with db.look() as conn:
            ways = tuple(begins(filters))
            if sort in {"arrival", "relevance"} and not offset and not ways:
                page = _read_walk(conn, filters, limit=limit, after=after, before=before)
            else:
                statement = ALL_JOBS.where(*narrowed(conn, conditions(filters), ways))
                page = ORDERS["arrival" if sort == "relevance" else sort].read(
                    conn, JOBS, statement, limit=limit, after=after, before=before, offset=offset
                )
        return JobList(items=page.items, after=page.after, before=page.before)
    with db.read() as conn:
        plan = find_plan.plan(filters, now(conn))
        if sort == "relevance" and plan.node is not None and sought(plan.node):
            ranked = relevance.page(
                conn, plan, plan.node, limit=limit, after=after, before=before, offset=offset
            )
            return JobList(items=ranked.items, after=ranked.after, before=ranked.before)
        sort = "arrival" if sort == "relevance" else sort
        order = ORDERS[sort]
        if find.has_words(plan):
            most = offset + limit + 1
            found = find.ids(conn, plan, most, sort=sort, after=after, before=before)
            page = order.page(
                find.read(conn, found.ids[offset:]),
                limit,
                up=before is not None,
                going_on=after is not None or offset > 0,
                left=found.mark,
            )
        else:
            statement = ALL_JOBS.where(*find.of_one(conn, plan, offset + limit))
            page = order.read(
                conn, JOBS, statement, limit=limit, after=after, before=before, offset=offset
            )
    return JobList(items=page.items, after=page.after, before=page.before)


def _read_walk(
    conn: Connection, filters: Filters, *, limit: int, after: str | None, before: str | None
) -> Page[Job]:
    if after is not None and before is not None:
        raise ValueError("a list goes on `after` one row or ends `before` one, not both")
    to: Towards = "before" if before is not None else "after" if after is not None else None
    walk = _walk(frozenset(filters.items()), to)
    return ORDERS["arrival"].read_walk(conn, JOBS, walk, limit=limit, after=after, before=before)


@lru_cache(maxsize=64)
def _walk(filters: frozenset[tuple[str, Any]], to: Towards) -> Fixed:
    asked = cast("Filters", dict(filters))
    statement = ORDERS["arrival"].walk(ALL_JOBS.where(*conditions(asked)), to)
    return Fixed(statement, stable=is_whole(asked))


def first_page(
    db: Database, *, limit: int = 50, sort: Sort = "arrival", **filters: Unpack[Filters]
) -> tuple[JobList, Tally]:
    """Return the first page of a list, and how long the list is: quicker than each by itself.

    Raises SearchError.
    """
    found = _first_of_words(db, limit, filters) if sort == "arrival" else None
    if found is None:
        with db.looking():
            listed = list_jobs(db, limit=limit, sort=sort, **filters)
            short = Tally(total=len(listed.items), more=False)
            # By relevance, a list may end though more are found.
            is_part = listed.after or sort == "relevance"
            found = listed, tallies.tally(db, sort=sort, **filters) if is_part else short
    listed, counted = found
    least = len(listed.items) + (listed.after is not None and len(listed.items) == limit)
    return listed, structs.replace(counted.covering(least), newer=0 if listed.items else None)


def _first_of_words(db: Database, limit: int, filters: Filters) -> tuple[JobList, Tally] | None:
    if not filters.get("text"):
        return None
    with db.read() as conn:
        plan = find_plan.plan(filters, now(conn))
        if not find.has_words(plan):
            return None
        some = find.sample(conn, plan, max(tallies.WORDS_TALLY_LIMIT, limit + 1), enough=limit + 1)
        numbers = some.ids[: limit + 1]
        left = None if some.reached is None else str(some.reached)
        missing = limit + 1 - len(numbers)
        if missing and left is not None and not some.is_short:
            further = find.ids(conn, plan, missing, after=left)
            numbers += further.ids
            left = further.mark
        read = find.read(conn, numbers)
        page = ORDERS["arrival"].page(read, limit, up=False, going_on=False, left=left)
        listed = JobList(items=page.items, after=page.after, before=page.before)
        return listed, tallies.of_words(conn, some)


def alike(db: Database, *, url: str, title: str, company: str | None) -> tuple[Job, ...]:
    """Return jobs at the same address, or with the same title at a company of the same name.

    Upper and lower case are alike in the latter. At most five, those that arrived last first.
    """
    with db.read() as conn:
        at_url = ALL_JOBS.where(jobs.c.url == plain_text(url)).order_by(jobs.c.id.desc())
        found = {job.id: job for job in JOBS.read(conn, at_url.limit(_MOST_ALIKE))}
        if company:
            named = find_plan.named(plain_text(title), plain_text(company))
            numbers = find.ids(conn, named, _MOST_ALIKE).ids
            found |= {job.id: job for job in find.read(conn, numbers)}
    return tuple(found[number] for number in sorted(found, reverse=True)[:_MOST_ALIKE])


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
