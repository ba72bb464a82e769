"""Who may work on a run: slots, leases and the fence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from jobtracker_core.contract.run import Counts
from jobtracker_core.storage.collectors import ensure_one
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Busy, LeaseLost
from jobtracker_core.storage.identity import is_dead_neighbour
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import collector_runs as runs

LEASE_S = 60.0
_ATTEMPTS_AT_A_SLOT = 8
_RESCUES_AT_ONCE = 100
_MAX_BACK_OFF_S = 3600

Trigger = Literal["schedule", "manual", "api", "retry", "backfill"]

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


class Rescued(Struct, frozen=True, kw_only=True):
    """A run that was taken from a dead worker."""

    run_id: int
    state: Literal["pending", "failed", "cancelled"]


class _SlotTaken(Exception):  # noqa: N818  (never leaves this module)
    """Another process took the slot between looking and inserting."""


def start(
    db: Database,
    *,
    collector: str,
    trigger: Trigger,
    query: Mapping[str, Any],
    query_hash: str | None,
    plugin_name: str | None,
    plugin_version: str | None,
    concurrency_key: str,
    max_running: int,
    worker_id: str,
    kept: Kept | None = None,
    lease_s: float = LEASE_S,
    requested_by: str | None = None,
    parent_run_id: int | None = None,
    params: Mapping[str, Any] | None = None,
) -> Claim:
    """Begin a run of this process: rescue dead ones, then insert it as running. One transaction.

    `kept` is where an earlier run stopped: it stays the run's cursor until a page moves it, so that
    a run which reads nothing loses nothing, and it does not get younger by that.

    It has a single attempt: nobody would take it up again. The collector's row is made if needed.
    At most `max_running` runs with the same `concurrency_key` (the site) are alive at once, over
    all machines. After `lease_s` seconds without a renewal the run counts as dead. Without a
    `query_hash` it is no run of its query: none goes on from where it stopped. `params` is what
    belongs to this run and not to its query, such as where it was recorded.

    Raises:
        Busy: All slots are taken; the message names the run that holds one.
    """
    for _ in range(_ATTEMPTS_AT_A_SLOT):
        try:
            with db.write() as conn:
                rescue(conn)
                slot = _free_slot(conn, concurrency_key, max_running)
                moment = now(conn)
                row = {
                    "collector_id": ensure_one(conn, collector, moment),
                    **_alive(moment, worker_id, lease_s),
                    "parent_run_id": parent_run_id,
                    "trigger": trigger,
                    "requested_by": requested_by,
                    "concurrency_key": concurrency_key,
                    "slot": slot,
                    "params": dict(params or {}),
                    "query": dict(query),
                    "query_hash": query_hash,
                    "plugin_name": plugin_name,
                    "plugin_version": plugin_version,
                    "cursor": None if kept is None else kept.cursor,
                    "cursor_at": None if kept is None else kept.at,
                }
                return Claim(run_id=_insert(conn, row), fence=1, worker_id=worker_id)
        except _SlotTaken:
            continue
    raise Busy(f"no slot for {concurrency_key} could be had: others take them faster", "Try again.")


def _alive(moment: datetime, worker_id: str, lease_s: float) -> dict[str, Any]:
    """Return what makes a new run one that runs from now on, in its only attempt."""
    started = ("created_at", "scheduled_for", "started_at", "claimed_at", "heartbeat_at")
    return {
        "state": "running",
        "attempt": 1,
        "max_attempts": 1,
        "fence": 1,
        "worker_id": worker_id,
        "lease_expires_at": moment + timedelta(seconds=lease_s),
        **dict.fromkeys(started, moment),
    }


def _insert(conn: Connection, row: Mapping[str, Any]) -> int:
    try:
        number: int = conn.execute(sa.insert(runs).values(row).returning(runs.c.id)).scalar_one()
    except IntegrityError as error:
        # The index decides who has a slot; that it was free a moment ago was only a hint.
        if "slot" in str(error.orig):
            raise _SlotTaken from error
        raise
    return number


def _free_slot(conn: Connection, concurrency_key: str, max_running: int) -> int:
    holders = conn.execute(
        sa.select(runs.c.id, runs.c.slot, runs.c.worker_id, runs.c.claimed_at)
        .where(runs.c.state == "running", runs.c.concurrency_key == concurrency_key)
        .order_by(runs.c.claimed_at)
    ).all()
    taken = {holder.slot for holder in holders}
    free = [slot for slot in range(1, max_running + 1) if slot not in taken]
    if free and len(holders) < max_running:
        return free[0]
    holder = holders[0]
    raise Busy(
        f"{concurrency_key} is being read by run {holder.id} since "
        f"{holder.claimed_at:%Y-%m-%d %H:%M:%S} UTC (worker {holder.worker_id}); "
        f"at most {max_running} at once",
        f"Wait until run {holder.id} has ended, or cancel it, then start again.",
    )


def rescue(conn: Connection) -> tuple[Rescued, ...]:
    """Take runs from workers that are dead: their lease is over, or their process is gone.

    A run with attempts left goes back to pending, else it has failed; one that was to be cancelled
    is cancelled. Rows that somebody is writing at this moment are left for the next time.
    """
    moment = now(conn)
    running = conn.execute(
        sa.select(runs.c.id, runs.c.fence, runs.c.worker_id, runs.c.lease_expires_at)
        .where(runs.c.state == "running")
        .order_by(runs.c.lease_expires_at)
        .limit(_RESCUES_AT_ONCE)
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
        .where(one_of(conn, runs.c.id, sorted(dead)), runs.c.state == "running")
        .order_by(runs.c.id)
        .with_for_update(skip_locked=True)
    ).all()
    return tuple(
        _take(conn, row, moment)
        for row in locked
        if row.fence == dead[row.id]
        and (row.lease_expires_at <= moment or is_dead_neighbour(row.worker_id))
    )


def _take(conn: Connection, row: Row[Any], moment: datetime) -> Rescued:
    state: Literal["pending", "failed", "cancelled"] = "pending"
    if row.cancel_requested_at is not None:
        state = "cancelled"
    elif row.attempt >= row.max_attempts:
        state = "failed"
    back_off = 0 if row.attempt <= 1 else min(30 * 2 ** (row.attempt - 2), _MAX_BACK_OFF_S)
    conn.execute(
        sa.update(runs)
        .where(runs.c.id == row.id)
        .values(
            state=state,
            finished_at=None if state == "pending" else moment,
            scheduled_for=moment + timedelta(seconds=back_off)
            if state == "pending"
            else row.scheduled_for,
            lease_expires_at=None,
            slot=None,
            # A row that has ended keeps the name, as evidence.
            worker_id=None if state == "pending" else row.worker_id,
            error_class="lease_lost",
            error_message=f"the worker {row.worker_id} is gone",
            rescue_count=row.rescue_count + 1,
        )
    )
    return Rescued(run_id=row.id, state=state)


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
    with db.write() as conn:
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


def added(counts: Counts) -> dict[str, Any]:
    """Return the columns that a number of events moves, as sums with what is there."""
    return {
        column: runs.c[column] + getattr(counts, name)
        for name, column in COUNTERS.items()
        if getattr(counts, name)
    }
