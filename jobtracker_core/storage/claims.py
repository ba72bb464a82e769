"""What a worker may do with a run it has: under its lease and its fence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Connection, Row

from jobtracker_core.contract.run import Counts
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import LeaseLost
from jobtracker_core.storage.tables import FINAL_STATES, RUNNING
from jobtracker_core.storage.tables import collector_runs as runs

LEASE_S = 60.0
CURSOR_LIFE = timedelta(hours=24)

Trigger = Literal["schedule", "manual", "api", "retry", "backfill", "probe"]

COUNTERS: Mapping[str, str] = {
    name: name
    if name in {"pages", "details", "details_failed", "http_requests", "bytes_in"}
    else f"jobs_{name}"
    for name in Counts.__struct_fields__
}
"""Field of `Counts` to column of `collector_runs`."""


# Made once: with every page and every detail they are run, and making them takes longer than that.
_HOLD = (
    sa.select(runs.c.fence, runs.c.worker_id, runs.c.state, runs.c.lease_expires_at)
    .where(runs.c.id == sa.bindparam("b_run_id"))
    .with_for_update()
)
_CHECKPOINT = (
    sa.update(runs)
    .where(runs.c.id == sa.bindparam("b_run_id"))
    .values(
        {
            "heartbeat_at": sa.bindparam("b_now"),
            "lease_expires_at": sa.bindparam("b_lease"),
            **{
                column: runs.c[column] + sa.bindparam(f"b_{name}", type_=runs.c[column].type)
                for name, column in COUNTERS.items()
            },
        }
    )
)
_CHECKPOINT_WITH_CURSOR = _CHECKPOINT.values(
    cursor=sa.bindparam("b_cursor"), cursor_at=sa.bindparam("b_cursor_at")
)


class Claim(Struct, frozen=True, kw_only=True):
    """A worker's right to write for a run, as long as its lease is renewed.

    Attributes:
        fence: Rises with every claim of the run, so that an earlier worker's writes are refused.
    """

    run_id: int
    fence: int
    worker_id: str


class Kept(Struct, frozen=True, kw_only=True):
    """Where a run stopped, and when it was there."""

    cursor: str
    at: datetime


def checkpoint(
    conn: Connection,
    claim: Claim,
    *,
    counts: Counts,
    cursor: str | UnsetType | None = UNSET,
    lease_s: float = LEASE_S,
) -> None:
    """Add counters, keep the cursor and renew the lease, in the transaction of the page's rows.

    The run's row stays locked to the end of the transaction, so nobody can take the run in between.
    `cursor` is where the list goes on: None clears it, UNSET leaves what is there.

    Raises:
        LeaseLost: The claim does not hold any more; the transaction must be rolled back.
    """
    moment = hold(conn, claim)
    values: dict[str, Any] = {
        "b_run_id": claim.run_id,
        "b_now": moment,
        "b_lease": moment + timedelta(seconds=lease_s),
        **{f"b_{name}": getattr(counts, name) for name in COUNTERS},
    }
    if cursor is UNSET:
        conn.execute(_CHECKPOINT, values)
    else:
        values |= {"b_cursor": cursor, "b_cursor_at": None if cursor is None else moment}
        conn.execute(_CHECKPOINT_WITH_CURSOR, values)


def beat(db: Database, claim: Claim, *, lease_s: float = LEASE_S) -> bool:
    """Renew the lease in a transaction of its own; say whether the run is to be cancelled.

    Raises:
        LeaseLost: The claim does not hold any more.
    """
    with db.write(shown=False) as conn:
        moment = hold(conn, claim)
        requested = conn.execute(
            sa.update(runs)
            .where(runs.c.id == claim.run_id)
            .values(heartbeat_at=moment, lease_expires_at=moment + timedelta(seconds=lease_s))
            .returning(runs.c.cancel_requested_at)
        ).scalar_one()
    return requested is not None


def hold(conn: Connection, claim: Claim) -> datetime:
    """Lock the run's row and verify the claim; return the present by the database's clock.

    Raises:
        LeaseLost: Another worker has the run, it has ended, or the lease is over.
    """
    row = conn.execute(_HOLD, {"b_run_id": claim.run_id}).first()
    moment = now(conn)
    if row is None:
        reason = "it was deleted"
    elif row.state != "running":
        reason = f"it is {row.state}"
    elif (row.fence, row.worker_id) != (claim.fence, claim.worker_id):
        reason = f"worker {row.worker_id} has it"
    elif row.lease_expires_at <= moment:
        reason = f"its lease was over at {row.lease_expires_at:%H:%M:%S} UTC"
    else:
        return moment
    raise LeaseLost(
        f"run {claim.run_id} is no longer this worker's: {reason}",
        "Nothing of this page was stored; start the search again if no other worker goes on.",
    )


def lock(conn: Connection, claim: Claim) -> Row[Any] | None:
    """Lock the run's row and return it, if nobody else has taken the run.

    Unlike `hold` it does not mind that the lease is over: whoever ends a run may come late.
    """
    return conn.execute(
        sa.select(runs)
        .where(
            runs.c.id == claim.run_id,
            runs.c.fence == claim.fence,
            runs.c.worker_id == claim.worker_id,
            RUNNING,
        )
        .with_for_update()
    ).first()


def totals(row: Row[Any], more: Counts | None = None) -> Counts:
    """Return the counters of a run's row, and what is to be added to them."""
    there = Counts(**{name: getattr(row, column) for name, column in COUNTERS.items()})
    return there if more is None else there + more


def kept_by(
    conn: Connection,
    *,
    collector_id: int,
    query_hash: str,
    plugin_version: str | None,
    now: datetime,
) -> Kept | None:
    """Return the cursor that the newest ended run of a query left, if it is still good."""
    row = conn.execute(
        sa.select(runs.c.cursor, runs.c.cursor_at, runs.c.plugin_version)
        .where(
            runs.c.collector_id == collector_id,
            runs.c.query_hash == query_hash,
            runs.c.state.in_(FINAL_STATES),
            runs.c.claimed_at.is_not(None),
        )
        .order_by(runs.c.id.desc())
        .limit(1)
    ).first()
    if row is None or row.cursor is None or row.plugin_version != plugin_version:
        return None
    fresh: bool = now - row.cursor_at <= CURSOR_LIFE
    return Kept(cursor=row.cursor, at=row.cursor_at) if fresh else None
