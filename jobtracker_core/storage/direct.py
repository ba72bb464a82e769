"""Runs that a process begins for itself: inserted as running, never queued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from jobtracker_core.storage import attempts, slots
from jobtracker_core.storage.claims import LEASE_S, Claim, Kept, Trigger
from jobtracker_core.storage.collectors import ensure_one
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.sweep import rescue
from jobtracker_core.storage.tables import RUNNING
from jobtracker_core.storage.tables import collector_runs as runs


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
    all machines; or as many as an operator set for the site. After `lease_s` seconds without a
    renewal the run counts as dead. Without a `query_hash` it is no run of its query: none goes on
    from where it stopped. `params` is what belongs to this run and not to its query, such as where
    it was recorded.

    Raises:
        Busy: All slots are taken; the message names the run that holds one.
    """
    row = {
        "worker_id": worker_id,
        "parent_run_id": parent_run_id,
        "trigger": trigger,
        "requested_by": requested_by,
        "concurrency_key": concurrency_key,
        "params": dict(params or {}),
        "query": dict(query),
        "query_hash": query_hash,
        "plugin_name": plugin_name,
        "plugin_version": plugin_version,
        "cursor": None if kept is None else kept.cursor,
        "cursor_at": None if kept is None else kept.at,
    }
    for _ in range(slots.ATTEMPTS):
        try:
            with db.write() as conn, slots.taking_a_slot():
                rescue(conn)
                slots.follow_one(conn, concurrency_key, max_running)
                return _insert(conn, collector, row, lease_s)
        except slots.SlotTaken:
            continue
    raise Busy(f"no slot for {concurrency_key} could be had: others take them faster", "Try again.")


def _insert(conn: Connection, collector: str, row: Mapping[str, Any], lease_s: float) -> Claim:
    site, worker_id = row["concurrency_key"], row["worker_id"]
    limit = slots.limit_of(conn, site)
    slot = slots.free_slot(conn, site, limit)
    if slot is None:
        raise _busy(conn, site, limit)
    moment = now(conn)
    values = {
        **row,
        **_alive(moment, lease_s),
        "collector_id": ensure_one(conn, collector, moment),
        "slot": slot,
    }
    run_id: int = conn.execute(sa.insert(runs).values(values).returning(runs.c.id)).scalar_one()
    attempts.begin(conn, run_id=run_id, fence=1, attempt=1, worker_id=worker_id, at=moment)
    return Claim(run_id=run_id, fence=1, worker_id=worker_id)


def _alive(moment: datetime, lease_s: float) -> dict[str, Any]:
    """Return what makes a new run one that runs from now on, in its only attempt."""
    started = ("created_at", "scheduled_for", "started_at", "claimed_at", "heartbeat_at")
    return {
        "state": "running",
        "attempt": 1,
        "max_attempts": 1,
        "fence": 1,
        "lease_expires_at": moment + timedelta(seconds=lease_s),
        **dict.fromkeys(started, moment),
    }


def _busy(conn: Connection, concurrency_key: str, limit: int) -> Busy:
    holder = conn.execute(
        sa.select(runs.c.id, runs.c.worker_id, runs.c.claimed_at)
        .where(RUNNING, runs.c.concurrency_key == concurrency_key)
        .order_by(runs.c.claimed_at)
        .limit(1)
    ).one()
    return Busy(
        f"{concurrency_key} is being read by run {holder.id} since "
        f"{holder.claimed_at:%Y-%m-%d %H:%M:%S} UTC (worker {holder.worker_id}); "
        f"at most {limit} at once",
        f"Wait until run {holder.id} has ended, or cancel it, then start again.",
    )
