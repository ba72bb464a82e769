"""Writing rows of the index of words.

Whoever changes a job writes what its row says at once, without the description, and puts it into
the queue; `indexing` writes it with the description later. Order matters on PostgreSQL: the queue
first, so that an indexer which has read the old description is waited for, then the index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from jobtracker_core.storage import bulk
from jobtracker_core.storage.index_tables import job_index
from jobtracker_core.storage.index_tokens import COLUMNS, Entry, columns, entry, tokens, vector
from jobtracker_core.storage.queue_tables import index_queue
from jobtracker_core.storage.tables import jobs

_VALUES: Final = "(rowid, title, company, skills, place, body, facets) VALUES (?, ?, ?, ?, ?, ?, ?)"
_REPLACE: Final = (
    "INSERT INTO job_index (job_id, words, has_body)"
    " SELECT number, words, %s FROM unnest(%b::bigint[], %b::tsvector[]) AS v(number, words)"
    " ORDER BY number"
    " ON CONFLICT (job_id) DO UPDATE SET words = excluded.words, has_body = excluded.has_body"
)
# The time that stands there stays: since then something is missing.
_ENQUEUE: Final = {
    "postgresql": (
        "INSERT INTO index_queue (job_id, at)"
        " SELECT number, %s FROM unnest(%b::bigint[]) AS v(number) ORDER BY number"
        " ON CONFLICT (job_id) DO UPDATE SET at = index_queue.at"
    ),
    "sqlite": "INSERT INTO index_queue (job_id, at) VALUES (?, ?) ON CONFLICT (job_id) DO NOTHING",
}
_MERGE: Final = "INSERT INTO job_index(job_index, rank) VALUES ('merge', ?)"
_INDEXED: Final = tuple(jobs.c[name] for name in COLUMNS)


def add(
    conn: Connection, made: Iterable[tuple[int, Entry]], *, waiting: Sequence[int], at: datetime
) -> None:
    """Write the rows of jobs that are new in this transaction; those `waiting` have a body."""
    if conn.dialect.name == "postgresql":
        bodies = set(waiting)
        rows = ((number, vector(tokens(one)), number not in bodies) for number, one in made)
        bulk.insert(conn, job_index, rows)
    else:
        texts = [(number, *columns(one)) for number, one in made]
        conn.exec_driver_sql(f"INSERT INTO job_index {_VALUES}", texts)
    stamp = bulk.storable(conn)[0](at)
    bulk.insert(conn, index_queue, [(number, stamp) for number in waiting])


def replace(conn: Connection, made: Sequence[tuple[int, Entry]], *, has_body: bool) -> None:
    """Write the rows of known jobs, whether they are there or not."""
    if not made:
        return
    if conn.dialect.name == "postgresql":
        numbers = [number for number, _ in made]
        words = [vector(tokens(one)) for _, one in made]
        conn.exec_driver_sql(_REPLACE, (has_body, numbers, words))
    else:
        rows = [(number, *columns(one)) for number, one in made]
        conn.exec_driver_sql(f"INSERT OR REPLACE INTO job_index {_VALUES}", rows)


def change(conn: Connection, rows: Mapping[int, Mapping[str, Any]], *, at: datetime) -> None:
    """Write the rows of jobs that have become other ones, and put them into the queue.

    `rows` are theirs by their numbers, with `index_tokens.COLUMNS`. The caller holds them locked.
    """
    if not rows:
        return
    numbers = sorted(rows)
    enqueue(conn, numbers, at=at)
    replace(conn, [(number, entry(rows[number], None)) for number in numbers], has_body=False)


def enqueue(conn: Connection, job_ids: Sequence[int], *, at: datetime) -> None:
    """Put jobs into the queue; those that are in it stay where they are."""
    stamp = bulk.storable(conn)[0](at)
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql(_ENQUEUE["postgresql"], (stamp, list(job_ids)))
    else:
        conn.exec_driver_sql(_ENQUEUE["sqlite"], [(number, stamp) for number in job_ids])


def merge(conn: Connection, pages: int) -> bool:
    """Put parts of SQLite's index together, some `pages` of 4 kB; say whether there was any to do.

    A search looks into each part, and each transaction that writes into the index leaves one.
    """
    before = _changes(conn)
    conn.exec_driver_sql(_MERGE, (pages,))
    # The statement itself counts as one.
    return _changes(conn) - before > 1


def _changes(conn: Connection) -> int:
    return int(conn.exec_driver_sql("SELECT total_changes()").scalar_one())
