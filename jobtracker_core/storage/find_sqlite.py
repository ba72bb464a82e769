"""Searches on SQLite: FTS5 walks the hits in the order of arrival, from any place on."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage.find_rows import ENOUGH, Asked, Hit, Hits
from jobtracker_core.storage.find_tokens import match
from jobtracker_core.storage.index_tables import job_index_fts
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import jobs

WALKED: Final = 1_000
"""So many hits are held to the conditions before another way is thought of."""

_MOST_SORTED: Final = 20_000
_SMALLEST: Final = 100
_LARGEST: Final = 5_000
_PATIENCE: Final = 50
_QUERY: Final = sa.text("job_index MATCH :query")
_fts: Final = job_index_fts


def find(conn: Connection, asked: Asked) -> Hits:
    """Return the first jobs that are asked for, or all of them, in any order."""
    query = match(asked.tokens)
    if asked.value is None:
        return _by_arrival(conn, asked, query)
    few = sa.select(_fts.c.rowid).where(_QUERY).limit(_MOST_SORTED + 1).subquery()
    number = conn.execute(sa.select(sa.func.count()).select_from(few), {"query": query})
    if number.scalar_one() > _MOST_SORTED:
        return _by_walk(conn, asked, query), None
    hits = sa.select(_fts.c.rowid).where(_QUERY)
    wanted = asked.walk.add_columns(asked.value).where(jobs.c.id.in_(hits), *asked.where)
    rows = conn.execute(wanted.limit(asked.most), {"query": query})
    return [Hit(number, value) for number, value in rows], None


def _by_arrival(conn: Connection, asked: Asked, query: str) -> Hits:
    found: list[Hit] = []
    below, walked = asked.below, 0
    size = min(max(2 * asked.most, _SMALLEST), WALKED)
    while True:
        hits = sa.select(_fts.c.rowid).where(_QUERY)
        if below is not None:
            hits = hits.where(_fts.c.rowid > below if asked.up else _fts.c.rowid < below)
        hits = hits.order_by(_fts.c.rowid.asc() if asked.up else _fts.c.rowid.desc()).limit(size)
        numbers = list(conn.execute(hits, {"query": query}).scalars())
        right = sa.select(jobs.c.id).where(one_of(conn, jobs.c.id, numbers), *asked.where)
        found += [Hit(number) for number in conn.execute(right).scalars()] if numbers else []
        if len(found) >= asked.most or len(numbers) < size:
            return found, None
        below = numbers[-1]
        walked += size
        if asked.in_haste and walked >= _LARGEST and len(found) >= ENOUGH:
            return found, below
        if walked >= WALKED and len(found) * _PATIENCE < asked.most:
            # The conditions are rare among the hits: begin with them.
            return found + _by_walk(conn, asked, query, below), None
        size = min(4 * size, _LARGEST)


def _by_walk(conn: Connection, asked: Asked, query: str, below: int | None = None) -> list[Hit]:
    """Walk over what fulfils the conditions, and ask the index for each."""
    walk = asked.walk if asked.value is None else asked.walk.add_columns(asked.value)
    walk = walk.where(*asked.where)
    if below is not None:
        walk = walk.where(jobs.c.id > below if asked.up else jobs.c.id < below)
    found: list[Hit] = []
    at = 0
    while len(found) < asked.most:
        rows = conn.execute(walk.limit(WALKED).offset(at)).all()
        numbers = [row[0] for row in rows]
        is_hit = sa.select(_fts.c.rowid).where(_QUERY, one_of(conn, _fts.c.rowid, numbers))
        hits = set(conn.execute(is_hit, {"query": query}).scalars())
        found += [Hit(*row) for row in rows if row[0] in hits]
        at += len(rows)
        if len(rows) < WALKED:
            break
    return found
