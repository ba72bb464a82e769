"""Where no words are looked for, the index still tells of what few jobs are: a country, a level.

Columns of few values have no index of their own. A walk over the latest jobs fills a page of what
many of them are, and reads all of them for what hardly any is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from jobtracker_core.storage.find_few import Numbers, few
from jobtracker_core.storage.find_tokens import Both, Either, Mark, Tokens, match
from jobtracker_core.storage.index_tables import job_index, job_index_fts
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs

MARKED: Final = 30_000
"""Of so many jobs the numbers are taken from the index. Of more, a walk soon finds enough."""

NEAR: Final = 1_000
"""So many of the latest jobs are looked at first."""

_COMMON: Final = NEAR // 20
"""If so many of them fit, a walk is quick to whatever is wanted."""

_WANTED: Final = 20
"""Of fewer that are wanted, it is enough if one for each so many of them fits."""

_BESIDE: Final = ("=source:", "=pay:")
"""Facets of which tables have an index, or know more."""


def is_driving(tokens: Tokens) -> bool:
    """Tell whether the index finds by these what the tables would have to walk for."""
    match tokens:
        case Mark():
            return not tokens.facet.startswith(_BESIDE)
        case Both():
            return any(map(is_driving, tokens.parts))
        case Either():
            return all(map(is_driving, tokens.parts))
        case _:
            return False


def narrowed(
    conn: Connection,
    where: Sequence[ColumnElement[bool]],
    ways: Sequence[Numbers],
    marks: Tokens | None = None,
    wanted: int = 0,
) -> list[ColumnElement[bool]]:
    """Return conditions so that a database begins with what is rare.

    Args:
        conn: On PostgreSQL, of a transaction where there are marks.
        where: What is asked of the tables.
        ways: What selects all of these jobs, if they might be few. PostgreSQL counts these
            beforehand by itself, unless there are several that any is enough of.
        marks: What the index knows of all of them.
        wanted: So many jobs are to be found; counts where there are marks.
    """
    if conn.dialect.name == "postgresql" and marks is None:
        ways = [numbers for numbers in ways if isinstance(numbers, sa.CompoundSelect)]
    numbers = few(conn, ways) if ways else None
    if numbers is None and marks is not None and not _is_common(conn, where, wanted):
        numbers = _marked(conn, marks)
    return [*where] if numbers is None else [one_of(conn, jobs.c.id, numbers), *where]


def _is_common(conn: Connection, where: Sequence[ColumnElement[bool]], wanted: int) -> bool:
    fits = sa.and_(sa.true(), *where).label("fits")
    latest = sa.select(fits).select_from(jobs).order_by(jobs.c.id.desc()).limit(NEAR).subquery()
    every = sa.func.count()
    ((seen, fitting),) = conn.execute(sa.select(every, every.filter(latest.c.fits)))
    # Where there are no more, all have been read.
    return bool(seen < NEAR or fitting > min(wanted // _WANTED, _COMMON))


def _is_whole(conn: Connection) -> bool:
    """Tell whether the index has all jobs: stored before there was one, the first comes last."""
    number = job_index.c.job_id if conn.dialect.name == "postgresql" else job_index_fts.c.rowid
    first = sa.select(sa.func.min(jobs.c.id)).scalar_subquery()
    return conn.execute(sa.select(number).where(number == first)).first() is not None


def _marked(conn: Connection, marks: Tokens) -> list[int] | None:
    if not _is_whole(conn):
        return None
    if conn.dialect.name == "postgresql":
        from jobtracker_core.storage import find_postgresql  # noqa: PLC0415  (loads the driver)

        numbers = find_postgresql.having(conn, marks, MARKED + 1)
    else:
        has = sa.text("job_index MATCH :query")
        hits = sa.select(job_index_fts.c.rowid).where(has).limit(MARKED + 1)
        numbers = [*conn.execute(hits, {"query": match(marks)}).scalars()]
    return numbers if len(numbers) <= MARKED else None
