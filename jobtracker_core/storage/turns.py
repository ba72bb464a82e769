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

_LOOKS = 20
"""Pages that are read behind young rows in search of old ones."""

_DETOURS = 10
"""Stretches of young rows that are passed at once; the next time goes on from there."""


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

    Its numbers rise with the time, but for stretches in which a clock ran ahead: see `Detours`.
    What `unless` holds for is spared; `delete` carries a statement out and returns how many rows
    it deleted.
    """
    spared = sa.false() if unless is None else unless
    detours = Detours(table.c.id, table.c.at < oldest)
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
        if len(rows) < size:
            break
        last = rows[-1].id
        if not rows[-1].old:
            behind = detours.past(db, last)
            if behind is None:
                break
            last = behind
    return gone


class Detours:
    """Finds old rows behind young ones, where numbers mostly rise with the time.

    A clock that ran ahead, and was put right, leaves rows from the future: those behind them are
    old before they are. So many pages are looked at, spread over all that is left: old rows are
    found in time, if not the first of them at once, however many young ones come before.

    Args:
        number: The column of the numbers.
        old: Says of a row that it is old.
    """

    def __init__(self, number: sa.Column[int], old: ColumnElement[bool]) -> None:
        self._number = number
        self._old = old
        self._left = _DETOURS

    def past(self, db: Database, last: int) -> int | None:
        """Return a number that old rows follow soon; None if none are found behind `last`."""
        if self._left == 0:
            return None
        self._left -= 1
        with db.read() as conn:
            newest: int = conn.execute(sa.select(sa.func.max(self._number))).scalar() or 0
            step = max(-(-(newest - last) // _LOOKS), _LARGEST)
            young = last
            for start in range(last, newest, step):
                found: int | None = conn.execute(self._first_old(start)).scalar()
                if found is not None:
                    return self._narrow(conn, young, found - 1)
                young = start
        return None

    def _first_old(self, start: int) -> sa.Select[Any]:
        page = self._behind(start).limit(_LARGEST).subquery()
        return sa.select(sa.func.min(page.c.number)).where(page.c.old)

    def _narrow(self, conn: Connection, young: int, old: int) -> int:
        """Halve the gap between a number that a young row follows and one that an old one does."""
        while old - young > 1:
            middle = (young + old) // 2
            row = conn.execute(self._behind(middle).limit(1)).first()
            # There is none if somebody else has just deleted it.
            if row is None or row.old:
                old = middle
            else:
                young = middle
        return old

    def _behind(self, start: int) -> sa.Select[Any]:
        columns: list[ColumnElement[Any]] = [self._number.label("number"), self._old.label("old")]
        return sa.select(*columns).where(self._number > start).order_by(self._number)
