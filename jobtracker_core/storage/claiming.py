"""Taking the next run out of the queue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Row

from jobtracker_core.storage import attempts, slots
from jobtracker_core.storage.claims import LEASE_S, Claim, Trigger, kept_by
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.queue_tables import sites
from jobtracker_core.storage.statements import one_of_named, packed
from jobtracker_core.storage.tables import PENDING, RUNNING, collectors
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.types import UtcDateTime

BY_HAND: tuple[Trigger, ...] = ("manual", "api", "retry")
"""Triggers behind which a person stands: a paused collector may still be tried."""

_DESPITE_PAUSE: tuple[Trigger, ...] = (*BY_HAND, "probe")


class Installed(Struct, frozen=True, kw_only=True):
    """The plugin that a worker would run a collector with."""

    distribution: str
    version: str


def claim(
    db: Database,
    worker_id: str,
    *,
    serving: Mapping[str, Installed],
    lease_s: float = LEASE_S,
) -> Claim | None:
    """Take the next run that may begin, if there is one: one transaction, one run.

    It may begin if its time has come, its site has a slot free, and its collector is one of
    `serving` (those that this worker has, or was told to serve), turned on and not paused; runs
    started by hand and probes do not mind a pause, which lasts until one of them succeeds. Its
    attempt and its fence go up by one. A run that begins for the first time goes on where the last
    one of its query stopped, if that is still good.
    """
    for _ in range(slots.ATTEMPTS):
        if db.dialect == "sqlite":
            # Only whoever has something to do takes the one write lock.
            with db.read() as conn:
                if _next(conn, now(conn), serving) is None:
                    return None
        try:
            with db.write(shown=False) as conn, slots.taking_a_slot():
                moment = now(conn)
                row = _next(conn, moment, serving)
                return (
                    None if row is None else _take(conn, row, worker_id, moment, lease_s, serving)
                )
        except slots.SlotTaken:
            continue
    return None


def _next(conn: Connection, at: datetime, serving: Mapping[str, Installed]) -> Row[Any] | None:
    """Return the run that is to begin next, locked on PostgreSQL."""
    opened, by_hand = _open_collectors(conn, serving)
    if not by_hand:
        return None
    dialect = conn.dialect.name
    values = {
        "b_at": at,
        "b_open": packed(dialect, opened),
        "b_by_hand": packed(dialect, by_hand),
    }
    return conn.execute(_next_statement(dialect), values).first()


# Made once: an idle worker runs it several times a second.
@cache
def _next_statement(dialect: str) -> sa.Select[Any]:
    at = sa.bindparam("b_at", type_=UtcDateTime())
    # Asked once and not for every pending run.
    full = (
        sa.select(runs.c.concurrency_key)
        .outerjoin(sites, sites.c.key == runs.c.concurrency_key)
        .where(RUNNING)
        .group_by(runs.c.concurrency_key)
        .having(sa.func.count() >= sa.func.coalesce(sa.func.max(sites.c.max_parallel), 1))
        .correlate(None)
    )
    by_hand = sa.and_(
        runs.c.trigger.in_(_DESPITE_PAUSE), one_of_named(dialect, runs.c.collector_id, "b_by_hand")
    )
    return (
        sa.select(runs)
        .where(
            PENDING,
            runs.c.scheduled_for <= at,
            # What has begun once is not missed any more.
            sa.or_(
                runs.c.expires_at.is_(None),
                runs.c.expires_at > at,
                runs.c.started_at.is_not(None),
            ),
            sa.or_(one_of_named(dialect, runs.c.collector_id, "b_open"), by_hand),
            runs.c.concurrency_key.not_in(full),
        )
        .order_by(runs.c.priority, runs.c.scheduled_for, runs.c.id)
        .limit(1)
        .with_for_update(of=runs, skip_locked=True)
    )


def _open_collectors(
    conn: Connection, serving: Mapping[str, Installed]
) -> tuple[list[int], list[int]]:
    """Return the numbers of the served collectors that are not paused, and of all that are on."""
    c = collectors.c
    on = conn.execute(
        sa.select(c.id, c.name, c.paused_until, c.paused_version).where(c.enabled)
    ).all()
    mine = [row for row in on if row.name in serving]
    opened = [
        row.id
        for row in mine
        if row.paused_until is None
        and (row.paused_version is None or row.paused_version != serving[row.name].version)
    ]
    return opened, [row.id for row in mine]


def _take(
    conn: Connection,
    row: Row[Any],
    worker_id: str,
    moment: datetime,
    lease_s: float,
    serving: Mapping[str, Installed],
) -> Claim:
    slot = slots.free_slot(conn, row.concurrency_key, slots.limit_of(conn, row.concurrency_key))
    if slot is None:
        raise slots.SlotTaken
    name: str = conn.execute(
        sa.select(collectors.c.name).where(collectors.c.id == row.collector_id)
    ).scalar_one()
    plugin = serving[name]
    values: dict[str, Any] = {
        "state": "running",
        "attempt": row.attempt + 1,
        "fence": row.fence + 1,
        "slot": slot,
        "worker_id": worker_id,
        "started_at": row.started_at or moment,
        "claimed_at": moment,
        "heartbeat_at": moment,
        "lease_expires_at": moment + timedelta(seconds=lease_s),
        "error_class": None,
        "error_message": None,
        "error_detail": None,
        "plugin_name": plugin.distribution,
        "plugin_version": plugin.version,
        **_cursor(conn, row, plugin, moment),
    }
    conn.execute(sa.update(runs).where(runs.c.id == row.id).values(values))
    attempts.begin(
        conn,
        run_id=row.id,
        fence=values["fence"],
        attempt=values["attempt"],
        worker_id=worker_id,
        at=moment,
    )
    return Claim(run_id=row.id, fence=values["fence"], worker_id=worker_id)


def _cursor(conn: Connection, row: Row[Any], plugin: Installed, moment: datetime) -> dict[str, Any]:
    """Return where the run goes on, as far as that changes by taking it up."""
    if row.started_at is not None:
        # Another version of the plugin cannot read the mark that the last attempt left.
        moved = row.plugin_version != plugin.version
        return {"cursor": None, "cursor_at": None} if moved else {}
    if row.query_hash is None:
        return {}
    kept = kept_by(
        conn,
        collector_id=row.collector_id,
        query_hash=row.query_hash,
        plugin_version=plugin.version,
        now=moment,
    )
    return {} if kept is None else {"cursor": kept.cursor, "cursor_at": kept.at}
