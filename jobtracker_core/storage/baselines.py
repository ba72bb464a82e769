"""What a search usually finds, from its last good runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import ColumnElement

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.tables import collectors

RUNS = 10
"""So many good runs make the usual numbers."""

COUNTED = sa.and_(
    # Old answers say nothing of what the site gives today.
    runs.c.trigger != "backfill",
    # Only those are comparable that read their list from the front to its end or to a cap, and only
    # they keep a fill. Partial ones are among them: of some searches there are no others.
    sa.or_(
        sa.and_(runs.c.state.in_(("succeeded", "partial")), runs.c.fill.is_not(None)),
        sa.and_(runs.c.state == "succeeded", runs.c.jobs_seen == 0),
    ),
)
"""Which runs are good ones."""


class Baseline(Struct, frozen=True, kw_only=True):
    """The usual numbers of a search.

    Attributes:
        runs: Good runs that they come from, 10 at most.
        found: Postings found, the median.
        fill: For each field of the list, the share of postings that had it: the median over the
            runs that say so and found something, from 0 to 1.
    """

    runs: int
    found: float
    fill: Mapping[str, float]


def of_search(db: Database, search_id: int, *, query_hash: str | None) -> Baseline | None:
    """Return the usual numbers of a stored search; None without a good run.

    Of the runs of this query only: what another one found before an edit says nothing of it.
    """
    same = runs.c.query_hash.is_not_distinct_from(query_hash)
    return _read(db, sa.and_(runs.c.search_id == search_id, same))


def of_query(db: Database, *, collector: str, query_hash: str) -> Baseline | None:
    """Return those of an ad-hoc query; None without a good run."""
    number = sa.select(collectors.c.id).where(collectors.c.name == collector).scalar_subquery()
    return _read(db, sa.and_(runs.c.collector_id == number, runs.c.query_hash == query_hash))


def _read(db: Database, which: ColumnElement[bool]) -> Baseline | None:
    # Who believes a suspect run says that the site is another one since: what was before it does
    # not count any more.
    believed = sa.select(sa.func.max(runs.c.id)).where(which, runs.c.believed_at.is_not(None))
    statement = (
        sa.select(runs.c.jobs_seen, runs.c.fill)
        .where(which, COUNTED, runs.c.id >= sa.func.coalesce(believed.scalar_subquery(), 0))
        .order_by(runs.c.id.desc())
        .limit(RUNS)
    )
    with db.read() as conn:
        rows = [(row.jobs_seen, row.fill) for row in conn.execute(statement)]
    return usual(rows) if rows else None


def usual(good: Sequence[tuple[int, Mapping[str, int] | None]]) -> Baseline:
    """Return the usual numbers of some runs, each given as postings found and fill counts."""
    shares: dict[str, list[float]] = {}
    for found, fill in good:
        if fill is None or not found:
            continue
        for field, count in fill.items():
            shares.setdefault(field, []).append(min(count / found, 1.0))
    return Baseline(
        runs=len(good),
        found=float(median(found for found, _ in good)),
        fill={field: float(median(seen)) for field, seen in shares.items()},
    )
