"""The deferred indexer: writes what descriptions say into the index of words.

Any number of workers may do it at once, beside page writes, edits and deletions. Newest jobs first:
they are the ones that are looked for.

PostgreSQL: a batch is one transaction. It locks its rows of the queue, and then only what nobody
else holds, so that it never waits for anybody. Whoever changes one of these jobs meanwhile waits at
the queue, and puts it there again. Where many wait, two batches are at work at a time: descriptions
are analysed while the server writes others. SQLite: what is read and analysed holds up nobody; the
write that follows takes only what is still as it was read, and is as short as it can be. The parts
of the index that writers leave are put together here.

A job that cannot be indexed leaves the queue with a warning in the log, so that it holds up no
other, and what is found of it stays as it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import datetime
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.index_tokens import COLUMNS, Entry, entry
from jobtracker_core.storage.index_writes import merge, replace
from jobtracker_core.storage.queue_tables import index_queue
from jobtracker_core.storage.statements import insert_or_ignore, one_of_named, packed
from jobtracker_core.storage.tables import job_texts, jobs

_BATCH: Final = 200
"""Jobs of one transaction on PostgreSQL."""

_AT_ONCE: Final = 2
"""Such transactions at a time."""

_PENDING: Final = {"gin_pending_list_limit": "16MB", "work_mem": "64MB"}
"""When what is new to the index is sorted into it, and the memory for that: with the server's own
values it would be done in small parts, which takes twice the time of the whole batch. Until then
each search reads it, some 8 ms. Others leave it to the indexer: see `engine`."""

_LOCKED_S: Final = 0.02
"""Seconds for which a transaction on SQLite should hold the only write lock."""

_FIRST, _FEWEST, _MOST = 20, 5, 200
"""Jobs of one transaction on SQLite: of the first one, and the bounds of what is found to fit."""

_REFILL: Final = 20_000
"""Jobs that are put into the queue in one transaction."""

_MERGED: Final = 4
"""Pages of SQLite's index that are put together for each job, so that its parts stay few."""

_MERGED_AT_ONCE: Final = 500
"""Such pages of one transaction, when no job waits."""

Rows = dict[int, Mapping[str, Any]]

_LOG = logging.getLogger("jobtracker.index")


class Lag(Struct, frozen=True, kw_only=True):
    """How far behind the index is.

    Attributes:
        waiting: Jobs whose description is not in it as it is now.
        oldest_s: Seconds for which the first of them has waited.
    """

    waiting: int
    oldest_s: float


class Reindexed(Struct, frozen=True, kw_only=True):
    """How many jobs were indexed here, and how many wait still."""

    indexed: int
    waiting: int


def lag(conn: Connection) -> Lag:
    """Read how far behind the index is."""
    waiting, oldest = conn.execute(
        sa.select(sa.func.count(), sa.func.min(index_queue.c.at)).select_from(index_queue)
    ).one()
    age = 0.0 if oldest is None else max(0.0, (now(conn) - oldest).total_seconds())
    return Lag(waiting=waiting, oldest_s=age)


def work_off(
    db: Database,
    *,
    stop: Callable[[], bool] = lambda: False,
    on_batch: Callable[[int], object] = lambda _: None,
) -> int:
    """Index what waits until nothing does or `stop` says so; return how many jobs.

    `on_batch` is told of each batch how many jobs it was. What others have at hand is left to them.
    """
    total = 0
    size = _FIRST if db.dialect == "sqlite" else _BATCH
    while not stop():
        tried = size
        done, size = index_batch(db, size)
        if not done:
            break
        total += done
        on_batch(done)
        if db.dialect == "postgresql" and done == tried:
            total += _work_off_together(db, stop, on_batch)
    if total and db.dialect == "sqlite":
        _put_together(db, stop)
    return total


def _work_off_together(
    db: Database, stop: Callable[[], bool], on_batch: Callable[[int], object]
) -> int:
    """Index what waits, several batches at a time."""
    total = 0
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="index") as threads:
        running = {threads.submit(index_batch, db, _BATCH) for _ in range(_AT_ONCE)}
        while running:
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for one in ready:
                done, _ = one.result()
                if not done:
                    continue
                total += done
                on_batch(done)
                if not stop():
                    running.add(threads.submit(index_batch, db, _BATCH))
    return total


def _put_together(db: Database, stop: Callable[[], bool]) -> None:
    while not stop():
        with db.write(shown=False) as conn:
            if not merge(conn, _MERGED_AT_ONCE):
                break


def rebuild(
    db: Database,
    *,
    queue_only: bool = False,
    on_progress: Callable[[int, int], object] = lambda _done, _total: None,
) -> Reindexed:
    """Put every job into the queue, and work it off beside the workers; see `work_off`."""
    total = refill(db)
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        # Others may have helped, or brought more.
        on_progress(done, max(done, total))

    if not queue_only:
        work_off(db, on_batch=tell)
    with db.read() as conn:
        return Reindexed(indexed=done, waiting=lag(conn).waiting)


def index_batch(db: Database, size: int) -> tuple[int, int]:
    """Index up to `size` jobs; return how many left the queue, and which size fits next time."""
    if db.dialect == "postgresql":
        return _batch_on_postgresql(db, size), size
    return _batch_on_sqlite(db, size)


def refill(db: Database) -> int:
    """Put every job into the queue; return how many are in it then."""
    with db.read() as conn:
        last: int = conn.execute(sa.select(sa.func.max(jobs.c.id))).scalar() or 0
    for first in range(1, last + 1, _REFILL):
        with db.write() as conn:
            moment: sa.BindParameter[datetime] = sa.literal(now(conn), index_queue.c.at.type)
            chosen = sa.select(jobs.c.id, moment).where(
                jobs.c.id >= first, jobs.c.id < first + _REFILL
            )
            add = insert_or_ignore(conn, index_queue, "job_id")
            conn.execute(add.from_select(["job_id", "at"], chosen.order_by(jobs.c.id)))
    with db.read() as conn:
        return lag(conn).waiting


def _batch_on_postgresql(db: Database, size: int) -> int:
    with db.write() as conn:
        numbers = _next(conn, size)
        if not numbers:
            return 0
        conn.execute(_set_pending())
        rows = _read(conn, numbers)
        replace(conn, list(_entries(rows)), has_body=True)
        # The others are deleted, or are being deleted: who does that may still take it back.
        gone = set(numbers).difference(rows).difference(_there(conn, numbers))
        _leave(conn, [*rows, *gone])
        return len(rows) + len(gone)


def _batch_on_sqlite(db: Database, size: int) -> tuple[int, int]:
    with db.read() as conn:
        numbers = _next(conn, size)
        before = _read(conn, numbers) if numbers else {}
    if not numbers:
        return 0, size
    made = dict(_entries(before))
    with db.write() as conn:
        since = time.perf_counter()
        after = _read(conn, numbers)
        waiting = _still(conn, numbers)
        same = [n for n in before if n in waiting and after.get(n) == before[n]]
        changed = sorted(made.keys() & same)
        replace(conn, [(number, made[number]) for number in changed], has_body=True)
        gone = [number for number in waiting if number not in after]
        _leave(conn, [*same, *gone])
    held = time.perf_counter() - since
    with db.write(shown=False) as conn:
        merge(conn, _MERGED * len(numbers))
    fits = max(_FEWEST, min(_MOST, int(size * _LOCKED_S / held), 2 * size))
    return len(same) + len(gone), fits


def _entries(rows: Rows) -> Iterable[tuple[int, Entry]]:
    for number in sorted(rows):
        row = rows[number]
        try:
            made = entry(row, row["description"])
        except Exception as error:  # noqa: BLE001  (whatever stands there: the others go on)
            _LOG.warning("job %s is not indexed: %s: %s", number, type(error).__name__, error)
        else:
            yield number, made


def _next(conn: Connection, size: int) -> list[int]:
    return list(conn.execute(_select_next(conn.dialect.name), {"size": size}).scalars())


def _read(conn: Connection, numbers: Sequence[int]) -> Rows:
    dialect = conn.dialect.name
    found = conn.execute(_select_rows(dialect), {"ids": packed(dialect, numbers)})
    return {row["id"]: dict(row) for row in found.mappings()}


def _there(conn: Connection, numbers: Sequence[int]) -> set[int]:
    dialect = conn.dialect.name
    ids = {"ids": packed(dialect, numbers)}
    return set(conn.execute(_select_there(dialect), ids).scalars())


def _still(conn: Connection, numbers: Sequence[int]) -> set[int]:
    dialect = conn.dialect.name
    ids = {"ids": packed(dialect, numbers)}
    return set(conn.execute(_select_waiting(dialect), ids).scalars())


def _leave(conn: Connection, numbers: Sequence[int]) -> None:
    dialect = conn.dialect.name
    conn.execute(_delete(dialect), {"ids": packed(dialect, numbers)})


# The statements of a batch, each made once.


@cache
def _set_pending() -> sa.Select[Any]:
    return sa.select(*(sa.func.set_config(name, value, True) for name, value in _PENDING.items()))


@cache
def _select_next(dialect: str) -> sa.Select[Any]:
    newest = (
        sa.select(index_queue.c.job_id)
        .order_by(index_queue.c.job_id.desc())
        .limit(sa.bindparam("size"))
    )
    return newest.with_for_update(skip_locked=True) if dialect == "postgresql" else newest


@cache
def _select_rows(dialect: str) -> sa.Select[Any]:
    chosen = (
        sa.select(jobs.c.id, *(jobs.c[name] for name in COLUMNS), job_texts.c.description)
        .select_from(jobs.outerjoin(job_texts))
        .where(one_of_named(dialect, jobs.c.id, "ids"))
    )
    if dialect == "sqlite":
        return chosen
    # Until the end nobody deletes them: a row of the index would be left over, or be in the way.
    return chosen.with_for_update(of=jobs, key_share=True, read=True, skip_locked=True)


@cache
def _select_there(dialect: str) -> sa.Select[Any]:
    return sa.select(jobs.c.id).where(one_of_named(dialect, jobs.c.id, "ids"))


@cache
def _select_waiting(dialect: str) -> sa.Select[Any]:
    return sa.select(index_queue.c.job_id).where(one_of_named(dialect, index_queue.c.job_id, "ids"))


@cache
def _delete(dialect: str) -> sa.Delete:
    return sa.delete(index_queue).where(one_of_named(dialect, index_queue.c.job_id, "ids"))
