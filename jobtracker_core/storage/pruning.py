"""Forgetting runs that ended long ago, with their attempts and events, and workers that are gone.

Jobs, their changes, searches and applications are a person's and never touched. Of runs there stay:

- all that wait or go on, and all that ended within the time to keep;
- the newest of each search, and of each query that was started without one, so that a search that
  is seldom run still shows how it did;
- the newest good ones of each of them, which the usual numbers come from;
- those with a recording, which somebody wanted.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Row

from jobtracker_core.storage.baselines import COUNTED
from jobtracker_core.storage.baselines import RUNS as GOOD_RUNS
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import workers
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import FINAL_STATES
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.turns import Detours, Turns, forget

NEWEST: Final = 20
"""Runs of each search that stay however old they are."""

AT_ONCE: Final = 500
"""Runs looked at in one transaction that reads."""


_Key = tuple[int | None, int | None, str | None]
_Spared = frozenset[int]


class Pruned(Struct, frozen=True, kw_only=True):
    """How many rows are gone."""

    runs: int
    workers: int


def prune(
    db: Database,
    *,
    keep: timedelta,
    turns: Turns | None = None,
    dry_run: bool = False,
) -> Pruned:
    """Delete what ended longer ago than `keep`, until it is done or `turns` say stop."""
    turns = turns or Turns()
    oldest = db.present() - keep
    spared: dict[_Key, _Spared] = {}
    detours = Detours(runs.c.id, runs.c.created_at < oldest)
    last, deleted = 0, 0
    while not turns.stop():
        with db.read() as conn:
            rows = _after(conn, last)
            doomed = [
                row.id
                for row in rows
                if row.finished_at is not None
                and row.finished_at < oldest
                and "record" not in row.params
                and not _is_spared(conn, row, spared)
            ]
        deleted += len(doomed) if dry_run else _delete(db, doomed, turns)
        if len(rows) < AT_ONCE:
            break
        last = rows[-1].id
        if rows[-1].created_at >= oldest:
            behind = detours.past(db, last)
            if behind is None:
                break
            last = behind
    gone = workers.c.last_seen_at < oldest
    return Pruned(runs=deleted, workers=forget(db, workers, gone, turns, dry_run=dry_run))


def _after(conn: Connection, last: int) -> Sequence[Row[Any]]:
    columns = ("id", "search_id", "collector_id", "query_hash", "params")
    times = ("created_at", "finished_at")
    found = sa.select(*(runs.c[name] for name in (*columns, *times)))
    return conn.execute(found.where(runs.c.id > last).order_by(runs.c.id).limit(AT_ONCE)).all()


def _is_spared(conn: Connection, row: Row[Any], known: dict[_Key, _Spared]) -> bool:
    key = (row.search_id, None, None)
    if row.search_id is None:
        key = (None, row.collector_id, row.query_hash)
    if key not in known:
        same = sa.and_(
            runs.c.search_id.is_not_distinct_from(row.search_id),
            *(
                []
                if row.search_id is not None
                else [
                    runs.c.collector_id == row.collector_id,
                    runs.c.query_hash.is_not_distinct_from(row.query_hash),
                ]
            ),
        )
        good = sa.and_(same, COUNTED)
        known[key] = frozenset((*_newest(conn, same, NEWEST), *_newest(conn, good, GOOD_RUNS)))
    return row.id in known[key]


def _newest(conn: Connection, which: sa.ColumnElement[bool], count: int) -> Sequence[int]:
    found = sa.select(runs.c.id).where(which).order_by(runs.c.id.desc()).limit(count)
    return conn.execute(found).scalars().all()


def _delete(db: Database, numbers: list[int], turns: Turns) -> int:
    deleted = 0
    while numbers and not turns.stop():
        some, numbers = numbers[: turns.size], numbers[turns.size :]
        with turns.writing(db) as conn:
            gone = sa.delete(runs).where(
                # Looked at again: nothing that was begun meanwhile may go.
                one_of(conn, runs.c.id, some),
                runs.c.state.in_(FINAL_STATES),
            )
            deleted += conn.execute(gone).rowcount
    return deleted
