"""What the engines of a search share: what they are asked, and what they found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from msgspec import Struct, field
from sqlalchemy import Connection

from jobtracker_core.storage.find_few import FEW, Numbers
from jobtracker_core.storage.find_texts import Held, Indexed
from jobtracker_core.storage.find_tokens import Tokens, in_bodies
from jobtracker_core.storage.fixed import Fixed
from jobtracker_core.storage.index_tables import job_index, job_index_fts
from jobtracker_core.storage.index_tokens import COLUMNS
from jobtracker_core.storage.job_filters import SHOWN
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import job_texts, jobs
from jobtracker_core.storage.types import BIG_ID


def _dismissed(source: sa.FromClause | sa.TextClause) -> Fixed:
    number, dismissed = (sa.literal_column(f"jobs.{n}", BIG_ID) for n in ("id", "dismissed_at"))
    lowest, highest = (sa.bindparam(n, type_=BIG_ID) for n in ("lowest", "highest"))
    statement = sa.select(number).select_from(source).limit(sa.literal_column(str(FEW + 1)))
    between = statement.where(dismissed.is_not(None), number.between(lowest, highest))
    return Fixed(between, stable=True)


_CHECKED_AT_ONCE: Final = 40
_MOST_AT_ONCE: Final = 320
_DISMISSED: Final = _dismissed(jobs)
# SQLite would read whole rows: it knows no better way to a number than the table.
_DISMISSED_SQLITE: Final = _dismissed(sa.text("jobs INDEXED BY ix_jobs_dismissed"))
_INDEXED: Final = tuple(jobs.c[name] for name in COLUMNS)
# One by one: joined, the server might read all of a table. What is not in the index does not count.
_INDEXED_BODY: Final = (
    sa.select(job_index.c.has_body).where(job_index.c.job_id == jobs.c.id).correlate(jobs)
)
_TEXT: Final = (
    sa.select(job_texts.c.description)
    .where(job_texts.c.job_id == jobs.c.id, _INDEXED_BODY.scalar_subquery())
    .correlate(jobs)
    .scalar_subquery()
)


class Asked(Struct, frozen=True, kw_only=True):
    """One walk over jobs that a search is part of.

    Attributes:
        tokens: What the index is asked.
        where: What the tables are asked.
        same: What the tables know of `tokens` too, and tell in less time than the index.
        few: What selects all that the tables give and more, if that might be few.
        along: One of `same` that an index has in the order of arrival; None where none is.
        walk: Numbers of jobs in the order that is wanted, from the place on that is wanted, with
            no other condition.
        value: What they are ordered by; None for their numbers alone, latest first.
        up: Whether the order is turned round.
        below: The walk holds jobs of smaller numbers only, or of larger ones if `up`; None for any.
        most: Jobs that are wanted.
        enough: So many of them will do where there are several times as many as wanted; None if
            all are needed.
        kept: What SQLite's index gave for other walks of the same list, by query, as JSON.
    """

    tokens: Tokens
    where: tuple[sa.ColumnElement[bool], ...]
    same: tuple[sa.ColumnElement[bool], ...]
    few: tuple[Numbers, ...]
    along: sa.ColumnElement[bool] | None
    walk: sa.Select[Any]
    value: sa.ColumnElement[Any] | None
    up: bool
    below: int | None
    most: int
    enough: int | None = None
    kept: dict[str, str] = field(default_factory=dict)


Hits: TypeAlias = "tuple[list[Hit], Hit | None]"
"""What was found, and the job up to which, if it is only a part: for haste where `enough` is given,
and else because nobody can wait for more."""

FEWEST: Final = 20
"""So many hits tell how common others are."""


class Hit(Struct, frozen=True):
    """A job that was found.

    Attributes:
        value: What it is ordered by.
        is_sure: Whether its text needs not be looked at.
    """

    id: int
    value: Any = None
    is_sure: bool = True


def shown(conn: Connection, asked: Asked, numbers: Sequence[int]) -> list[int] | None:
    """Return which of these hits a list shows; None if more than that is asked of the tables.

    Those that are dismissed are few, and all in one small index.
    """
    if len(asked.where) != 1 or asked.where[0] is not SHOWN:
        return None
    statement = _DISMISSED_SQLITE if conn.dialect.name == "sqlite" else _DISMISSED
    between = {"lowest": min(numbers), "highest": max(numbers)}
    hidden = {number for (number,) in statement.rows(conn, between)}
    if len(hidden) > FEW:
        return None
    return [number for number in numbers if number not in hidden]


def follows(asked: Asked, hit: Hit) -> sa.ColumnElement[bool]:
    """Return the condition for what comes behind a job in the order that is asked for."""
    value, up = asked.value, asked.up
    if value is None or hit.value is None:
        return jobs.c.id > hit.id if up else jobs.c.id < hit.id
    reached = sa.literal(hit.value, value.type)
    row, place = sa.tuple_(value, jobs.c.id), sa.tuple_(reached, sa.literal(hit.id))
    # The first for SQLite, which takes no index over an expression for a comparison of rows.
    return sa.and_(value >= reached, row > place) if up else sa.and_(value <= reached, row < place)


def in_order(hits: Sequence[Hit], *, up: bool) -> list[Hit]:
    """Sort what was found, each job once."""
    each = {hit.id: hit for hit in hits}.values()
    # The hits of one part of an order have all a value, or none has.
    return sorted(
        each, key=lambda hit: (0 if hit.value is None else hit.value, hit.id), reverse=not up
    )


def checked(
    conn: Connection,
    tokens: Tokens,
    hits: Sequence[Hit],
    most: int,
    *,
    enough: int | None = None,
    known: dict[int, bool] | None = None,
    budget: int | None = None,
) -> tuple[list[Hit], int]:
    """Return the first hits whose texts hold what was asked for, and how many were looked at.

    Args:
        conn: Reads the texts of those that are not sure.
        tokens: What was asked for.
        hits: In order.
        most: So many are wanted.
        enough: So many will do, if texts have to be looked at.
        known: Whether texts that were looked at before are right; others are put into it.
        budget: About so many are looked at in all.
    """
    known = {} if known is None else known
    found: list[Hit] = []
    at, size = 0, _CHECKED_AT_ONCE
    looked_at = False
    while at < len(hits) and len(found) < most:
        if enough is not None and looked_at and len(found) >= enough:
            break
        some = hits[at : at + size]
        size = min(2 * size, _MOST_AT_ONCE)
        unsure = [hit for hit in some if not hit.is_sure]
        looked_at = looked_at or bool(unsure)
        unknown = [hit for hit in unsure if hit.id not in known]
        if unknown and budget is not None and len(known) >= budget:
            break
        right = _right(conn, tokens, unknown)
        known.update((hit.id, hit.id in right) for hit in unknown)
        found += [hit for hit in some if hit.is_sure or known[hit.id]]
        at += len(some)
    return found[:most], at


def _right(conn: Connection, tokens: Tokens, hits: Sequence[Hit]) -> set[int]:
    if not hits:
        return set()
    if conn.dialect.name == "sqlite":
        made = sa.select(*job_index_fts.c).where(
            one_of(conn, job_index_fts.c.rowid, [hit.id for hit in hits])
        )
        return {row[0] for row in conn.execute(made) if Indexed(*row[1:]).fits(tokens)}
    needed = in_bodies(tokens)
    texts = [_TEXT] if needed else []
    among = one_of(conn, jobs.c.id, [hit.id for hit in hits])
    statement = sa.select(jobs.c.id, *_INDEXED, *texts).where(among)
    found: set[int] = set()
    for number, *cells in conn.execute(statement).all():
        text = cells.pop() if needed else None
        if Held(dict(zip(COLUMNS, cells, strict=True)), text).fits(tokens):
            found.add(number)
    return found
