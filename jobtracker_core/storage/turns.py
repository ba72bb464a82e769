"""Deleting much in short transactions with pauses, so that nobody waits long for a lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Table

from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.statements import one_of

HELD_S: Final = 0.01
"""Seconds that one transaction is to hold its locks: on SQLite nobody else writes meanwhile."""

_PAUSE: Final = 10.0
"""How much longer than its transaction a pause is: most of the time is for others."""

_LONGEST_S: Final = 1.0
"""Seconds of a pause, even if a disk or a machine was slow."""

_FIRST, _LARGEST = 50, 5_000


class Turns:
    """How many rows each transaction takes: as many as the ones before could in the time.

    Args:
        stop: Says that no other one is to begin.
        pause: Waits for so many seconds.
    """

    def __init__(
        self,
        stop: Callable[[], bool] = lambda: False,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:
        self.stop = stop
        self.size = _FIRST
        self._pause = pause

    @contextmanager
    def writing(self, db: Database) -> Iterator[Connection]:
        """Open one transaction, and wait after it for longer than it took."""
        with db.write() as conn:
            # To wait for the lock is not to hold it.
            began = time.monotonic()
            yield conn
        took = max(time.monotonic() - began, 1e-6)
        factor = min(max(HELD_S / took, 0.25), 2.0)
        self.size = min(max(int(self.size * factor), 1), _LARGEST)
        self._pause(min(took * _PAUSE, _LONGEST_S))


def forget(
    db: Database, table: Table, which: ColumnElement[bool], turns: Turns, *, dry_run: bool
) -> int:
    """Delete the rows that a condition holds for; return how many, also where only asked."""
    if dry_run:
        with db.read() as conn:
            counted: int = conn.execute(
                sa.select(sa.func.count()).select_from(table).where(which)
            ).scalar_one()
            return counted
    # Where a row stands in its file: the quickest way to it, in a table with whatever key.
    place: ColumnElement[Any] = sa.literal_column("rowid" if db.dialect == "sqlite" else "ctid")
    gone = 0
    while not turns.stop() and _any(db, table, which):
        size = turns.size
        some = sa.select(place).select_from(table).where(which).limit(size)
        # The condition again: somebody may have changed a row meanwhile.
        doomed: ColumnElement[bool] = place.in_(some)
        if db.dialect == "postgresql":
            doomed = place == sa.func.any(sa.func.array(some.scalar_subquery()))
        with turns.writing(db) as conn:
            count = conn.execute(sa.delete(table).where(doomed, which)).rowcount
        gone += count
        if count < size:
            break
    return gone


def _any(db: Database, table: Table, which: ColumnElement[bool]) -> bool:
    """Look before a lock is taken: mostly there is nothing to delete."""
    with db.read() as conn:
        one = sa.select(sa.literal(1)).select_from(table).where(which).limit(1)
        return conn.execute(one).first() is not None


def forget_before(
    db: Database,
    table: Table,
    oldest: datetime,
    turns: Turns,
    *,
    dry_run: bool,
    unless: ColumnElement[bool] | None = None,
    delete: Callable[[Connection, sa.Delete], int] = lambda conn, gone: conn.execute(gone).rowcount,
) -> int:
    """Delete the rows of a log whose `at` lies before a time; return how many.

    Its numbers must rise with the time: behind the first younger row there are only younger ones.
    What `unless` holds for is spared; `delete` carries a statement out and returns how many rows
    it deleted.
    """
    spared = sa.false() if unless is None else unless
    last, gone = 0, 0
    while not turns.stop():
        size = turns.size if not dry_run else _LARGEST
        with db.read() as conn:
            rows = conn.execute(
                sa.select(table.c.id, (table.c.at < oldest).label("old"), spared.label("spared"))
                .where(table.c.id > last)
                .order_by(table.c.id)
                .limit(size)
            ).all()
        doomed = [row.id for row in rows if row.old and not row.spared]
        if doomed and dry_run:
            gone += len(doomed)
        elif doomed:
            with turns.writing(db) as conn:
                which = one_of(conn, table.c.id, doomed) & sa.not_(spared)
                gone += delete(conn, sa.delete(table).where(which))
        if len(rows) < size or not rows[-1].old:
            break
        last = rows[-1].id
    return gone
