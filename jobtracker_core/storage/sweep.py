"""Clearing up: runs whose workers are dead, and runs whose time is over. Any worker may do it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Row

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage import attempts, events, pauses
from jobtracker_core.storage.claims import Claim, lock, totals
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.identity import is_dead_neighbour
from jobtracker_core.storage.queue_tables import searches
from jobtracker_core.storage.retry import after_loss
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import PENDING, RUNNING
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.wakeup import announce

AT_ONCE = 100
"""Runs that one sweep looks at of each kind."""

AHEAD = timedelta(days=2)
"""No stagger and no pause between attempts leads so far: the clock was ahead and came back."""


class Rescued(Struct, frozen=True, kw_only=True):
    """A run that was taken from a dead worker."""

    run_id: int
    state: Literal["pending", "failed", "cancelled"]


class Swept(Struct, frozen=True, kw_only=True):
    """What a sweep did. `missed` are the runs whose misfire window was over."""

    rescued: tuple[Rescued, ...]
    missed: tuple[int, ...]


def sweep(db: Database) -> Swept:
    """Rescue the runs of dead workers, and end those that nobody began in time.

    Those that wait for a moment that a wrong clock has set may begin now.
    """
    with db.write() as conn:
        rescued = rescue(conn)
    with db.write() as conn:
        _bring_back(conn)
        return Swept(rescued=rescued, missed=_miss(conn))


def rescue(conn: Connection) -> tuple[Rescued, ...]:
    """Take runs from workers that are dead: their lease is over, or their process is gone.

    A run with attempts left goes back to pending, else it has failed; one that was to be cancelled
    is cancelled. Rows that somebody is writing at this moment are left for the next time.
    """
    moment = now(conn)
    running = conn.execute(
        sa.select(runs.c.id, runs.c.fence, runs.c.worker_id, runs.c.lease_expires_at)
        .where(RUNNING)
        .order_by(runs.c.lease_expires_at)
        .limit(AT_ONCE)
    ).all()
    dead = {
        row.id: row.fence
        for row in running
        if row.lease_expires_at <= moment or is_dead_neighbour(row.worker_id)
    }
    if not dead:
        return ()
    # Read again under a lock: it may have renewed its lease, or be another claim by now.
    locked = conn.execute(
        sa.select(runs)
        .where(one_of(conn, runs.c.id, sorted(dead)), RUNNING)
        .order_by(runs.c.id)
        .with_for_update(skip_locked=True)
    ).all()
    taken = [
        (row, _take(conn, row, moment, kind="worker_lost", message=_gone(row)))
        for row in locked
        if row.fence == dead[row.id]
        and (row.lease_expires_at <= moment or is_dead_neighbour(row.worker_id))
    ]
    _account(conn, [(row, end.state) for row, end in taken if end.state != "pending"], moment)
    announce(conn)
    return tuple(rescued for _, rescued in taken)


def _gone(row: Row[Any]) -> str:
    return f"the worker {row.worker_id} is gone"


def give_up(db: Database, claim: Claim, reason: str) -> RunState | None:
    """Do at once what the sweep would do later: the run's own worker has lost its lease.

    It counts as an attempt that lost its worker, and not as a failure of the site. `reason` is one
    line.

    Returns:
        The state that the run has now. None if it is no longer this worker's; then nothing was
        changed.
    """
    with db.write() as conn:
        row = lock(conn, claim)
        if row is None:
            return None
        moment = now(conn)
        taken = _take(conn, row, moment, kind="lease_lost", message=reason)
        if taken.state != "pending":
            _account(conn, [(row, taken.state)], moment)
        announce(conn)
    return RunState(taken.state)


def _take(conn: Connection, row: Row[Any], moment: datetime, *, kind: str, message: str) -> Rescued:
    state: Literal["pending", "failed", "cancelled"] = "pending"
    if row.cancel_requested_at is not None:
        state = "cancelled"
    elif row.attempt >= row.max_attempts:
        state = "failed"
    again = state == "pending"
    conn.execute(
        sa.update(runs)
        .where(runs.c.id == row.id)
        .values(
            state=state,
            finished_at=None if again else moment,
            scheduled_for=moment + after_loss(row.attempt) if again else row.scheduled_for,
            lease_expires_at=None,
            slot=None,
            # A row that has ended keeps the name, as evidence.
            worker_id=None if again else row.worker_id,
            error_class="lease_lost",
            error_message=message,
            rescue_count=row.rescue_count + 1,
        )
    )
    attempts.end(
        conn,
        run_id=row.id,
        fence=row.fence,
        outcome="lost",
        totals=totals(row),
        at=moment,
        error_class="lease_lost",
        error_message=message,
    )
    events.note(
        conn,
        row.id,
        kind,
        {"worker": row.worker_id, "attempt": row.attempt, "state": state},
        at=moment,
        level="warning",
    )
    return Rescued(run_id=row.id, state=state)


def _account(
    conn: Connection,
    ended: list[tuple[Row[Any], Literal["pending", "failed", "cancelled"]]],
    moment: datetime,
) -> None:
    # In one order everywhere, so that two sweeps cannot wait for each other.
    for row, state in sorted(ended, key=lambda end: (end[0].collector_id, end[0].id)):
        if row.trigger in pauses.NOT_ITS_OWN:
            continue
        run = pauses.Ended.of(
            row,
            RunState(state),
            totals(row),
            error_class="lease_lost",
            error_message=f"all {row.attempt} attempts lost their workers",
            # One lost worker is an accident; one in every attempt is the run's own doing.
            poison=state == "failed"
            and row.max_attempts > 1
            and row.rescue_count + 1 >= row.max_attempts,
        )
        pauses.note_run(conn, run, at=moment)


def _bring_back(conn: Connection) -> None:
    moment = now(conn)
    found = conn.execute(
        sa.update(runs)
        .where(PENDING, runs.c.scheduled_for > moment + AHEAD)
        .values(scheduled_for=moment)
        .returning(runs.c.id)
    ).scalars()
    for run_id in found.all():
        events.note(conn, run_id, "clock_was_ahead", at=moment, level="warning")
        announce(conn)


def _miss(conn: Connection) -> tuple[int, ...]:
    """End scheduled runs that were never begun and whose window is over."""
    moment = now(conn)
    late = sa.and_(PENDING, runs.c.expires_at <= moment, runs.c.started_at.is_(None))
    found = conn.execute(
        sa.select(runs.c.search_id).where(late).order_by(runs.c.id).limit(AT_ONCE)
    ).scalars()
    owners = sorted({number for number in found if number is not None})
    # Searches before runs, as a tick locks them.
    conn.execute(
        sa.select(searches.c.id)
        .where(one_of(conn, searches.c.id, owners))
        .order_by(searches.c.id)
        .with_for_update()
    ).all()
    rows = conn.execute(
        sa.select(runs.c.id, runs.c.search_id, runs.c.expires_at)
        .where(late, sa.or_(runs.c.search_id.is_(None), one_of(conn, runs.c.search_id, owners)))
        .order_by(runs.c.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        conn.execute(
            sa.update(runs).where(runs.c.id == row.id).values(state="missed", finished_at=moment)
        )
        if row.search_id is not None:
            conn.execute(
                sa.update(searches)
                .where(searches.c.id == row.search_id)
                .values(missed_ticks=searches.c.missed_ticks + 1)
            )
        events.note(
            conn, row.id, "missed", {"window_end": row.expires_at}, at=moment, level="warning"
        )
    return tuple(row.id for row in rows)
