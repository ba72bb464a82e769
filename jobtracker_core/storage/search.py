"""Lists of jobs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Unpack, cast

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Connection

from jobtracker_core.search.nodes import sought
from jobtracker_core.storage import find, find_plan, relevance
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.find_marks import narrowed
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.job_filters import (
    ORDERS,
    Filters,
    Sort,
    Walk,
    begins,
    conditions,
    plain_text,
)
from jobtracker_core.storage.jobs import ALL_JOBS, JOBS, Job
from jobtracker_core.storage.keyset import Page, Towards
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.types import BIG_ID, LARGEST_ID
from jobtracker_core.storage.whole import whole

__all__ = ["Filters", "JobList", "Sort", "Tally", "count_jobs", "list_jobs", "sources", "tally"]


def _sources() -> sa.Select[Any]:
    # From each name to the next along the index: counting them apart would read all its entries.
    names = sa.select(sa.func.min(jobs.c.source).label("name")).cte("names", recursive=True)
    following = sa.select(sa.func.min(jobs.c.source)).where(jobs.c.source > names.c.name)
    walk = names.union_all(sa.select(following.scalar_subquery()).where(names.c.name.is_not(None)))
    return sa.select(walk.c.name).where(walk.c.name.is_not(None))


_SOURCES = _sources()

_LOWEST = sa.select(sa.func.min(jobs.c.id)).scalar_subquery()

_MOST_ALIKE = 5

TALLY_LIMIT = 10_000
"""How far a tally counts: beyond it, an exact number would cost more than the list itself."""


_WHOLE = whole(jobs, TALLY_LIMIT)

# SQLite would read whole rows: it takes no index for a list that it can have in order without one.
_WHOLE_SQLITE = whole(sa.text("jobs INDEXED BY ix_jobs_shown"), TALLY_LIMIT)


WORDS_TALLY_LIMIT = 1_000
"""How far it counts where the text holds words."""


_ENOUGH = 100
"""So many jobs show how thick they lie, where there are far more than are counted."""


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


class Tally(Struct, frozen=True, kw_only=True):
    """How many jobs there are.

    Attributes:
        total: Jobs that match, as far as they were counted; `more` says that there are more.
        newer: How many of them come before the job that was asked for; None where that many
            were not counted.
        estimate: About how many there are, where there are more than were counted.
    """

    total: int
    more: bool
    newer: int | None = None
    estimate: int | None = None

    @property
    def shown(self) -> str:
        """The number for people: "10,000+" or "~190,000" where it is not exact."""
        if self.estimate is not None and self.total < TALLY_LIMIT:
            return f"~{self.estimate:,}"
        return f"{self.total:,}{'+' if self.more else ''}"

    def covering(self, least: int) -> Tally:
        """Return the same for a list of which so many jobs were seen: it never tells of fewer."""
        if least <= self.total:
            return self
        estimate = None if self.estimate is None else max(self.estimate, least)
        return structs.replace(self, total=least, estimate=estimate)


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
    return Fixed(statement, stable=_is_whole(asked))


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
            found = listed, tally(db, sort=sort, **filters) if is_part else short
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
        some = find.sample(conn, plan, max(WORDS_TALLY_LIMIT, limit + 1), enough=limit + 1)
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
        return listed, _tally_of_words(conn, some)


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


def tally(
    db: Database,
    *,
    first: int | None = None,
    sort: Sort = "arrival",
    **filters: Unpack[Filters],
) -> Tally:
    """Count the jobs of a list, and those before the one numbered `first`.

    Exactly up to `TALLY_LIMIT`, or `WORDS_TALLY_LIMIT` where the text holds words; raises
    SearchError.
    """
    if not filters.get("text") and not find_plan.is_marked(filters):
        with db.look() as conn:
            if _is_whole(filters) and sort in {"arrival", "relevance"}:
                found = _tally_whole(conn, first)
                if found is not None:
                    return found
            where, ways = conditions(filters), tuple(begins(filters))
            if ways:
                where = narrowed(conn, where, ways)
                return _tally_rows(conn, _tally_of(where, TALLY_LIMIT), where, first, sort)
            statement = _tally(frozenset(filters.items()), TALLY_LIMIT)
            return _tally_rows(conn, statement, where, first, sort)
    with db.read() as conn:
        plan = find_plan.plan(filters, now(conn))
        if find.has_words(plan):
            return _tally_words(conn, plan, first, sort)
        where = find.of_one(conn, plan, TALLY_LIMIT)
        return _tally_rows(conn, _tally_of(where, TALLY_LIMIT), where, first, sort)


def _is_whole(filters: Filters) -> bool:
    """Say whether all jobs are meant that lists show."""
    given = {name for name, value in filters.items() if value is not None}
    return given <= {"dismissed"} and (filters.get("dismissed") or "hide") == "hide"


def _tally_whole(conn: Connection, first: int | None) -> Tally | None:
    """Count all jobs that lists show, if there are more than are counted.

    It is enough to find the last one that would be counted, for which the database steps along an
    index and counts nothing.
    """
    statement = _WHOLE_SQLITE if conn.dialect.name == "sqlite" else _WHOLE
    newest = LARGEST_ID if first is None else min(first, LARGEST_ID)
    ((oldest, newer, lowest, top),) = statement.rows(conn, {"newest": newest})
    if oldest is None:
        return None
    return Tally(
        total=TALLY_LIMIT,
        more=True,
        newer=None if first is None or newer > TALLY_LIMIT else newer,
        estimate=_estimate(TALLY_LIMIT + 1, oldest, lowest, top),
    )


def _tally_rows(
    conn: Connection,
    statement: Fixed,
    where: list[ColumnElement[bool]],
    first: int | None,
    sort: Sort,
) -> Tally:
    newest = LARGEST_ID if first is None else min(first, LARGEST_ID)
    row = statement.rows(conn, {"newest": newest})[0]
    total, before, oldest, lowest, newest_one = row
    more = total > TALLY_LIMIT
    walk: Walk = "arrival" if sort == "relevance" else sort
    if first is not None and walk != "arrival":
        before = _count_before(conn, first, walk, where)
    return Tally(
        total=min(total, TALLY_LIMIT),
        more=more,
        # If all that were counted are newer, the job stands beyond them, and so may others.
        newer=None if first is None or before is None or before == total else before,
        estimate=_estimate(TALLY_LIMIT + 1, oldest, lowest, newest_one) if more else None,
    )


def _tally_words(conn: Connection, plan: find_plan.Plan, first: int | None, sort: Sort) -> Tally:
    found = find.sample(conn, plan, WORDS_TALLY_LIMIT, enough=_ENOUGH)
    newer = None
    if first is not None and sort != "arrival":
        if sort != "relevance":
            ordered = find.ids(conn, plan, WORDS_TALLY_LIMIT, sort=sort).ids
        elif plan.node is not None:
            ordered = relevance.ranked(conn, plan, plan.node)
        newer = ordered.index(first) if first in ordered else None
    elif first is not None and (found.reached is None or first >= found.reached):
        newer = sum(number > first for number in found.ids)
    return structs.replace(_tally_of_words(conn, found), newer=newer)


def _tally_of_words(conn: Connection, found: find.Sample) -> Tally:
    return Tally(
        total=min(len(found.ids), WORDS_TALLY_LIMIT),
        more=found.reached is not None or len(found.ids) > WORDS_TALLY_LIMIT,
        estimate=estimated(conn, found) if found.ids and found.reached is not None else None,
    )


def estimated(conn: Connection, found: find.Sample) -> int:
    """Return about how many jobs there are in a list of which this is a part."""
    if found.reached is None or not found.ids:
        return len(found.ids)
    lowest = conn.execute(sa.select(_LOWEST)).scalar_one()
    return _estimate(len(found.ids), found.reached, lowest, found.ids[0])


# Kept for the filters that somebody pages with: making it takes as long as running it.
@lru_cache(maxsize=64)
def _tally(filters: frozenset[tuple[str, Any]], limit: int) -> Fixed:
    return _tally_of(conditions(cast("Filters", dict(filters))), limit)


def _tally_of(where: list[ColumnElement[bool]], limit: int) -> Fixed:
    matching = (
        sa.select(jobs.c.id).where(*where).order_by(jobs.c.id.desc()).limit(limit + 1).subquery()
    )
    newer = sa.func.count().filter(matching.c.id > sa.bindparam("newest", type_=BIG_ID))
    ends = (sa.func.min(matching.c.id), _LOWEST, sa.func.max(matching.c.id))
    return Fixed(sa.select(sa.func.count(), newer, *ends).select_from(matching), stable=False)


def _count_before(
    conn: Connection, first: int, sort: Walk, required: list[ColumnElement[bool]]
) -> int | None:
    wanted = ALL_JOBS.where(jobs.c.id == (first if 0 < first <= LARGEST_ID else 0))
    found = JOBS.read(conn, wanted)
    if not found:
        return None
    before = sa.select(jobs.c.id).where(*required, ORDERS[sort].before(found[0]))
    counted = before.limit(TALLY_LIMIT + 1).subquery()
    number: int = conn.execute(sa.select(sa.func.count()).select_from(counted)).scalar_one()
    return None if number > TALLY_LIMIT else number


def _estimate(counted: int, oldest: int, lowest: int, newest: int) -> int:
    """Go by how thick the matching jobs lie from the newest of them on, to two digits."""
    share = counted / (newest - oldest + 1)
    return max(counted, int(float(f"{counted + share * (oldest - lowest):.2g}")))


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
