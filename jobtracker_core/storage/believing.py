"""Suspect runs that are right after all: the site itself has changed."""

from __future__ import annotations

import sqlalchemy as sa

from jobtracker_core.contract.run import RunState
from jobtracker_core.storage.endings import known, no_run
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.events import note
from jobtracker_core.storage.tables import collector_runs as runs


def believe(db: Database, run_id: int, *, by: str) -> RunState | None:
    """Make a suspect run a good one, and the first of those that the next are compared with.

    What it had closed and was opened again stays open: the next run sees to it.

    Returns None, or the state of a run that is not suspect; then nothing was changed.

    Raises:
        NotFound: There is no run of that number.
    """
    with db.write() as conn:
        row = conn.execute(
            sa.select(runs.c.id, runs.c.state, runs.c.error_message)
            .where(runs.c.id == known(run_id))
            .with_for_update()
        ).first()
        if row is None:
            raise no_run(run_id)
        state = RunState(row.state)
        if state is not RunState.SUSPECT:
            return state
        moment = now(conn)
        conn.execute(
            sa.update(runs)
            .where(runs.c.id == row.id)
            .values(state=RunState.SUCCEEDED.value, error_message=None, believed_at=moment)
        )
        note(conn, row.id, "believed", {"by": by, "doubt": row.error_message}, at=moment)
        return None
