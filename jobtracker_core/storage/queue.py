"""The queue of runs: putting them in, and taking the next one out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection, Row
from sqlalchemy.dialects import postgresql, sqlite

from jobtracker_core.storage import attempts, slots
from jobtracker_core.storage.claims import LEASE_S, Claim, Trigger, kept_by
from jobtracker_core.storage.collectors import ensure_one
from jobtracker_core.storage.endings import known, no_run
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.queue_tables import sites
from jobtracker_core.storage.statements import one_of_named, packed
from jobtracker_core.storage.tables import ACTIVE, PENDING, RUNNING, collectors
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.types import UtcDateTime
from jobtracker_core.storage.wakeup import announce

PRIORITY: Mapping[Trigger, int] = {"manual": 3, "api": 3, "retry": 3, "schedule": 5, "backfill": 8}
"""Lower is sooner: somebody who waits comes before the clock, and that before old answers."""

BY_HAND: tuple[Trigger, ...] = ("manual", "api", "retry")
"""Triggers behind which a person stands: a paused collector may still be tried."""


class Limits(Struct, frozen=True, kw_only=True):
    """What a run may take; None leaves it to the collector and to the worker."""

    runtime_s: int | None = None
    memory_mb: int | None = None
    cpu_s: int | None = None
    requests: int | None = None
    pages: int | None = None


NO_LIMITS = Limits()


class Wanted(Struct, frozen=True, kw_only=True):
    """A run that is to be made.

    Attributes:
        site: What the slots are counted by, such as a host name.
        max_parallel: How many runs the site bears at once, if nothing is stored about it yet.
        scheduled_for: Not before; None is at once.
        expires_at: If nobody has begun it by then, it is missed.
        dedup_key: Of all runs that ever were, one may have it: the tick, or a client's own key.
        singleton_key: Of all runs that are pending or running, one may have it.
        params: A snapshot of what belongs to the run and not to its query.
        priority: None is the trigger's own.
    """

    collector: str
    trigger: Trigger
    query: Mapping[str, Any]
    query_hash: str | None
    site: str
    max_parallel: int = 1
    search_id: int | None = None
    parent_run_id: int | None = None
    requested_by: str | None = None
    scheduled_for: datetime | None = None
    tick_at: datetime | None = None
    expires_at: datetime | None = None
    dedup_key: str | None = None
    singleton_key: str | None = None
    priority: int | None = None
    max_attempts: int = 3
    limits: Limits = NO_LIMITS
    proxy_pool: str | None = None
    params: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Enqueued(Struct, frozen=True, kw_only=True):
    """What became of it.

    Attributes:
        run_id: The new run, or the one that stands in its way.
        outcome: `made`; `same`: there is one with its `dedup_key`; `overlap`: one with its
            `singleton_key` is pending or running.
    """

    run_id: int
    outcome: Literal["made", "same", "overlap"]


class Installed(Struct, frozen=True, kw_only=True):
    """The plugin that a worker would run a collector with."""

    distribution: str
    version: str


def enqueue(db: Database, wanted: Wanted) -> Enqueued:
    """Put a run into the queue, unless its keys say that it is there already."""
    with db.write() as conn:
        return insert(conn, wanted, at=now(conn))


def insert(conn: Connection, wanted: Wanted, *, at: datetime) -> Enqueued:
    """Do the same within a transaction."""
    slots.ensure_site(conn, wanted.site, wanted.max_parallel)
    row = _row(wanted, ensure_one(conn, wanted.collector, at), at)
    made = conn.execute(_insert_unless_there(conn.dialect.name).values(row)).scalar()
    if made is not None:
        announce(conn)
        return Enqueued(run_id=made, outcome="made")
    return _in_its_way(conn, wanted)


def insert_missed(conn: Connection, wanted: Wanted, *, at: datetime) -> Enqueued:
    """Keep a run that is missed before it could be queued, as the record of that."""
    row = _row(wanted, ensure_one(conn, wanted.collector, at), at) | {
        "state": "missed",
        "finished_at": at,
    }
    made = conn.execute(_insert_unless_there(conn.dialect.name).values(row)).scalar()
    return _in_its_way(conn, wanted) if made is None else Enqueued(run_id=made, outcome="made")


def _insert_unless_there(dialect: str) -> Any:
    # Without naming an index: either of the two keys may be taken.
    if dialect == "postgresql":
        return postgresql.insert(runs).on_conflict_do_nothing().returning(runs.c.id)
    return sqlite.insert(runs).on_conflict_do_nothing().returning(runs.c.id)


def _row(wanted: Wanted, collector_id: int, at: datetime) -> dict[str, Any]:
    limits = structs.asdict(wanted.limits)
    return {
        "collector_id": collector_id,
        "parent_run_id": wanted.parent_run_id,
        "search_id": wanted.search_id,
        "state": "pending",
        "priority": PRIORITY[wanted.trigger] if wanted.priority is None else wanted.priority,
        "trigger": wanted.trigger,
        "requested_by": wanted.requested_by,
        "scheduled_for": at if wanted.scheduled_for is None else wanted.scheduled_for,
        "tick_at": wanted.tick_at,
        "expires_at": wanted.expires_at,
        "dedup_key": wanted.dedup_key,
        "singleton_key": wanted.singleton_key,
        "concurrency_key": wanted.site,
        "max_attempts": wanted.max_attempts,
        "params": dict(wanted.params),
        "query": dict(wanted.query),
        "query_hash": wanted.query_hash,
        "proxy_pool": wanted.proxy_pool,
        "created_at": at,
        **{f"limit_{name}": value for name, value in limits.items()},
    }


def _in_its_way(conn: Connection, wanted: Wanted) -> Enqueued:
    if wanted.dedup_key is not None:
        same = sa.select(runs.c.id).where(runs.c.dedup_key == wanted.dedup_key)
        found: int | None = conn.execute(same).scalar()
        if found is not None:
            return Enqueued(run_id=found, outcome="same")
    if wanted.singleton_key is not None:
        overlap = sa.select(runs.c.id).where(ACTIVE, runs.c.singleton_key == wanted.singleton_key)
        found = conn.execute(overlap).scalar()
        if found is not None:
            return Enqueued(run_id=found, outcome="overlap")
    # It ended between the two statements, which PostgreSQL lets happen.
    raise Busy(f"the run before of {wanted.singleton_key} ended at this moment", "Try again.")


def run_again(db: Database, run_id: int, *, requested_by: str | None = None) -> Enqueued:
    """Put a run that has ended into the queue once more, as a new one with the same query.

    While a run of the same search is pending or running, that one is returned instead.

    Raises:
        NotFound: There is no run of that number.
        Busy: It has not ended.
    """
    with db.write() as conn:
        row = conn.execute(
            sa.select(runs, collectors.c.name.label("collector"))
            .join(collectors, collectors.c.id == runs.c.collector_id)
            .where(runs.c.id == known(run_id))
        ).first()
        if row is None:
            raise no_run(run_id)
        if row.finished_at is None:
            raise Busy(
                f"run {run_id} is {row.state}: it has not ended", "Wait for it, or cancel it."
            )
        return insert(conn, _once_more(row, requested_by), at=now(conn))


def _once_more(row: Row[Any], requested_by: str | None) -> Wanted:
    return Wanted(
        collector=row.collector,
        trigger="retry",
        query=row.query,
        query_hash=row.query_hash,
        site=row.concurrency_key,
        search_id=row.search_id,
        parent_run_id=row.id,
        requested_by=requested_by,
        singleton_key=row.singleton_key,
        max_attempts=row.max_attempts,
        limits=Limits(**{name: getattr(row, f"limit_{name}") for name in Limits.__struct_fields__}),
        proxy_pool=row.proxy_pool,
        params=row.params,
    )


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
    started by hand do not mind a pause. Its attempt and its fence go up by one. A run that begins
    for the first time goes on where the last one of its query stopped, if that is still good.
    """
    for _ in range(slots.ATTEMPTS):
        if db.dialect == "sqlite":
            # Only whoever has something to do takes the one write lock.
            with db.read() as conn:
                if _next(conn, now(conn), serving) is None:
                    return None
        try:
            with db.write() as conn, slots.taking_a_slot():
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
    opened, by_hand = _open_collectors(conn, at, serving)
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
        runs.c.trigger.in_(BY_HAND), one_of_named(dialect, runs.c.collector_id, "b_by_hand")
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
    conn: Connection, at: datetime, serving: Mapping[str, Installed]
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
        if (row.paused_until is None or row.paused_until <= at)
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


def next_due(db: Database) -> datetime | None:
    """Return when the next pending run may begin, past or future; None if none is pending.

    A worker need not sleep beyond it.
    """
    with db.read() as conn:
        due: datetime | None = conn.execute(
            sa.select(runs.c.scheduled_for).where(PENDING).order_by(runs.c.scheduled_for).limit(1)
        ).scalar()
    return due
