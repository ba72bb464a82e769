"""Probes: runs that only see whether the pause of a collector can end. One at a time for each."""

from __future__ import annotations

import sqlalchemy as sa

from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.queue import Enqueued, Wanted, insert
from jobtracker_core.storage.tables import ACTIVE, collectors
from jobtracker_core.storage.tables import collector_runs as runs

_paused = sa.and_(collectors.c.enabled, collectors.c.paused_until.is_not(None))


def due(db: Database) -> tuple[str, ...]:
    """Return the collectors whose pause is over and which nobody is probing, by name."""
    probing = sa.select(runs.c.collector_id).where(ACTIVE, runs.c.trigger == "probe")
    with db.read() as conn:
        found = sa.select(collectors.c.name).where(
            _paused, collectors.c.paused_until <= now(conn), collectors.c.id.not_in(probing)
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
            .where(
                _paused,
                collectors.c.name == wanted.collector,
                collectors.c.paused_until <= now(conn),
            )
            .with_for_update()
        ).first()
        if is_due is None:
            return None
        made = insert(conn, wanted, at=now(conn))
    return made if made.outcome == "made" else None
