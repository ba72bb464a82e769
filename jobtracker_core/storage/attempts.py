"""One row for each time a run was taken up: what a later attempt does not overwrite."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import Struct, to_builtins
from sqlalchemy import Connection

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import collector_run_attempts as attempts
from jobtracker_core.storage.rows import to_struct

Outcome = Literal[
    "succeeded", "partial", "suspect", "failed", "cancelled", "drained", "snoozed", "lost"
]


class Attempt(Struct, frozen=True, kw_only=True):
    """One attempt at a run.

    Attributes:
        attempt: Its number; one that was given back leaves it to the next.
        fence: Its place among all claims of the run.
        outcome: None while it goes on. `lost`: its worker was gone.
        counts: What this attempt did, of the run's counters.
        peak_rss_mb: The most memory that its process tree held, in megabytes of 2**20 bytes.
        cpu_s: Processor seconds of its process tree.
    """

    run_id: int
    fence: int
    attempt: int
    worker_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    error_class: ErrorClass | None
    error_message: str | None
    counts: Counts | None
    peak_rss_mb: int | None
    cpu_s: float | None


class Usage(Struct, frozen=True, kw_only=True):
    """What an attempt took of the machine."""

    peak_rss_mb: int | None = None
    cpu_s: float | None = None


NO_USAGE = Usage()


def begin(
    conn: Connection, *, run_id: int, fence: int, attempt: int, worker_id: str, at: datetime
) -> None:
    """Write that a run was taken up, in the transaction that takes it."""
    conn.execute(
        sa.insert(attempts),
        {
            "run_id": run_id,
            "fence": fence,
            "attempt": attempt,
            "worker_id": worker_id,
            "started_at": at,
        },
    )


def end(
    conn: Connection,
    *,
    run_id: int,
    fence: int,
    outcome: Outcome,
    totals: Counts,
    at: datetime,
    error_class: ErrorClass | None = None,
    error_message: str | None = None,
    usage: Usage = NO_USAGE,
) -> None:
    """Close the open attempt, in the transaction that ends it; `totals` are the run's counters."""
    counts = totals
    if fence > 1:
        for earlier in _counts_before(conn, run_id, fence):
            counts -= earlier
    conn.execute(
        sa.update(attempts)
        .where(
            attempts.c.run_id == run_id, attempts.c.fence == fence, attempts.c.ended_at.is_(None)
        )
        .values(
            ended_at=at,
            outcome=outcome,
            error_class=error_class,
            error_message=error_message,
            counts=to_builtins(counts),
            peak_rss_mb=usage.peak_rss_mb,
            cpu_s=usage.cpu_s,
        )
    )


def _counts_before(conn: Connection, run_id: int, fence: int) -> list[Counts]:
    before = sa.select(attempts.c.counts).where(
        attempts.c.run_id == run_id, attempts.c.fence < fence, attempts.c.counts.is_not(None)
    )
    return [Counts(**counts) for counts in conn.execute(before).scalars()]


def list_attempts(db: Database, run_id: int) -> tuple[Attempt, ...]:
    """Return the attempts at a run, the first first."""
    statement: sa.Select[Any] = (
        sa.select(attempts).where(attempts.c.run_id == run_id).order_by(attempts.c.fence)
    )
    with db.read() as conn:
        return tuple(to_struct(row, Attempt) for row in conn.execute(statement).mappings())
