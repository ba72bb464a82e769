"""Worker processes, for people to look at. Whether a run is orphaned is decided by its lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.queue_tables import workers
from jobtracker_core.storage.rows import to_struct
from jobtracker_core.storage.tables import RUNNING
from jobtracker_core.storage.tables import collector_runs as runs

State = Literal["working", "draining", "gone"]
SILENT_AFTER = timedelta(minutes=2)
"""A worker that was not seen for so long is shown as silent."""

FORGOTTEN_AFTER = timedelta(days=7)


class Worker(Struct, frozen=True, kw_only=True):
    """A worker process.

    Attributes:
        worker_id: As in the runs that it has.
        slots: Runs it takes at once.
        collectors: Those it was told to serve; None is all that it has.
        running: Runs it has now.
        silent: It neither said goodbye nor was seen for two minutes.
    """

    worker_id: str
    host: str
    pid: int
    version: str
    slots: int
    collectors: list[str] | None
    state: State
    started_at: datetime
    last_seen_at: datetime
    running: int
    silent: bool


def register(
    db: Database,
    worker_id: str,
    *,
    host: str,
    pid: int,
    version: str,
    slots: int,
    collectors: Sequence[str] | None = None,
) -> None:
    """Write that a worker begins; those not seen for a week are forgotten."""
    with db.write(shown=False) as conn:
        moment = now(conn)
        conn.execute(sa.delete(workers).where(workers.c.last_seen_at < moment - FORGOTTEN_AFTER))
        conn.execute(
            sa.insert(workers),
            {
                "worker_id": worker_id,
                "host": host,
                "pid": pid,
                "version": version,
                "slots": slots,
                "collectors": None if collectors is None else list(collectors),
                "state": "working",
                "started_at": moment,
                "last_seen_at": moment,
            },
        )


def seen(db: Database, worker_id: str, *, state: State = "working") -> None:
    """Write that a worker lives, and what it does."""
    with db.write(shown=False) as conn:
        conn.execute(
            sa.update(workers)
            .where(workers.c.worker_id == worker_id)
            .values(last_seen_at=now(conn), state=state)
        )


def gone(db: Database, worker_id: str) -> None:
    """Write that a worker has ended in order."""
    seen(db, worker_id, state="gone")


def list_workers(db: Database) -> tuple[Worker, ...]:
    """Return the workers, those last seen first."""
    running = (
        sa.select(sa.func.count())
        .select_from(runs)
        .where(RUNNING, runs.c.worker_id == workers.c.worker_id)
        .scalar_subquery()
        .label("running")
    )
    with db.read() as conn:
        moment = now(conn)
        rows = conn.execute(
            sa.select(workers, running).order_by(workers.c.last_seen_at.desc(), workers.c.worker_id)
        ).mappings()
        return tuple(
            to_struct(
                {
                    **row,
                    "silent": row["state"] != "gone"
                    and row["last_seen_at"] < moment - SILENT_AFTER,
                },
                Worker,
            )
            for row in rows
        )
