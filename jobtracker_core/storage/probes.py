"""Probes: runs that only see whether the pause of a collector can end. One at a time for each."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.pauses import LONGEST
from jobtracker_core.storage.queue import Enqueued, Wanted, insert
from jobtracker_core.storage.tables import ACTIVE, collectors
from jobtracker_core.storage.tables import collector_runs as runs


def _over(at: datetime) -> sa.ColumnElement[bool]:
    """Say whether a pause is over; one that seems longer than any was begun by a wrong clock."""
    until = collectors.c.paused_until
    return sa.and_(
        collectors.c.enabled,
        until.is_not(None),
        sa.or_(until <= at, until > at + LONGEST + timedelta(hours=1)),
    )


def due(db: Database) -> tuple[str, ...]:
    """Return the collectors whose pause is over and which nobody is probing, by name."""
    probing = sa.select(runs.c.collector_id).where(ACTIVE, runs.c.trigger == "probe")
    with db.read() as conn:
        found = sa.select(collectors.c.name).where(
            _over(now(conn)), collectors.c.id.not_in(probing)
        )
        return tuple(conn.execute(found.order_by(collectors.c.name)).scalars())


def begin(db: Database, wanted: Wanted) -> Enqueued | None:
    """Put a probe into the queue; None if its collector is no longer due.

    How it ends is what ends the pause or prolongs it; see `pauses.note_run`.
    """
    if wanted.trigger != "probe" or wanted.singleton_key is None:
        raise ValueError("a probe has its trigger, and a key that keeps others away")
    with db.write() as conn:
        # Locked as the end of a probe locks it: one that ends now is seen to have moved the pause.
        is_due = conn.execute(
            sa.select(collectors.c.id)
            .where(_over(now(conn)), collectors.c.name == wanted.collector)
            .with_for_update()
        ).first()
        if is_due is None:
            return None
        made = insert(conn, wanted, at=now(conn))
    return made if made.outcome == "made" else None
