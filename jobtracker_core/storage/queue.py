"""The queue of runs: putting them in, once; taking them out is `claiming`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Struct, structs
from sqlalchemy import Connection, Row
from sqlalchemy.dialects import postgresql, sqlite

from jobtracker_core.storage import slots
from jobtracker_core.storage.claiming import Installed, claim
from jobtracker_core.storage.claims import Trigger
from jobtracker_core.storage.collectors import ensure_one
from jobtracker_core.storage.endings import known, no_run
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import Busy
from jobtracker_core.storage.tables import ACTIVE, PENDING, collectors
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.wakeup import announce

__all__ = [
    "NO_LIMITS",
    "PRIORITY",
    "Enqueued",
    "Installed",
    "Limits",
    "Wanted",
    "claim",
    "enqueue",
    "insert",
    "insert_missed",
    "insert_unless_there",
    "next_due",
    "run_again",
    "seconds_to_next",
]

PRIORITY: Mapping[Trigger, int] = {
    "manual": 3,
    "api": 3,
    "retry": 3,
    "probe": 4,
    "schedule": 5,
    "backfill": 8,
}
"""Lower is sooner: somebody who waits comes before the clock, and that before old answers."""


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


def enqueue(db: Database, wanted: Wanted) -> Enqueued:
    """Put a run into the queue, unless its keys say that it is there already."""
    with db.write(shown=False) as conn:
        return insert(conn, wanted, at=now(conn))


def insert(conn: Connection, wanted: Wanted, *, at: datetime) -> Enqueued:
    """Do the same within a transaction."""
    slots.ensure_site(conn, wanted.site, wanted.max_parallel)
    row = _row(wanted, ensure_one(conn, wanted.collector, at), at)
    made = conn.execute(insert_unless_there(conn.dialect.name).values(row)).scalar()
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
    made = conn.execute(insert_unless_there(conn.dialect.name).values(row)).scalar()
    return _in_its_way(conn, wanted) if made is None else Enqueued(run_id=made, outcome="made")


def insert_unless_there(dialect: str) -> Any:
    """Insert a run unless one of its keys is taken; gives its number, or nothing."""
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


def next_due(db: Database) -> datetime | None:
    """Return when the next pending run may begin, past or future; None if none is pending.

    A worker need not sleep beyond it.
    """
    with db.read() as conn:
        due: datetime | None = conn.execute(
            sa.select(runs.c.scheduled_for).where(PENDING).order_by(runs.c.scheduled_for).limit(1)
        ).scalar()
    return due


def seconds_to_next(db: Database) -> float | None:
    """Return the seconds until the next pending run may begin that may not yet; None without one.

    Those that are due already and still there wait for something else: a slot, the end of a pause.
    """
    with db.read() as conn:
        moment = now(conn)
        due: datetime | None = conn.execute(
            sa.select(runs.c.scheduled_for)
            .where(PENDING, runs.c.scheduled_for > moment)
            .order_by(runs.c.scheduled_for)
            .limit(1)
        ).scalar()
    return None if due is None else (due - moment).total_seconds()
