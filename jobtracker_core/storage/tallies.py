"""How long a list of jobs is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Unpack, cast

import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import ColumnElement, Connection

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
    is_whole,
)
from jobtracker_core.storage.jobs import ALL_JOBS, JOBS
from jobtracker_core.storage.tables import jobs
from jobtracker_core.storage.types import BIG_ID, LARGEST_ID
from jobtracker_core.storage.whole import whole

_LOWEST = sa.select(sa.func.min(jobs.c.id)).scalar_subquery()

TALLY_LIMIT = 10_000
"""How far a tally counts: beyond it, an exact number would cost more than the list itself."""


_WHOLE = whole(jobs, TALLY_LIMIT)

# SQLite would read whole rows: it takes no index for a list that it can have in order without one.
_WHOLE_SQLITE = whole(sa.text("jobs INDEXED BY ix_jobs_shown"), TALLY_LIMIT)


WORDS_TALLY_LIMIT = 1_000
"""How far it counts where the text holds words."""


_ENOUGH = 100
"""So many jobs show how thick they lie, where there are far more than are counted."""


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
            if is_whole(filters) and sort in {"arrival", "relevance"}:
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
    return structs.replace(of_words(conn, found), newer=newer)


def of_words(conn: Connection, found: find.Sample) -> Tally:
    """Say how long a list is of which this is the beginning."""
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
