"""Runs: the row that is both the queue's entry and the record of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from msgspec import UNSET, Struct

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts, FilterUse, RunState, RunSummary
from jobtracker_core.storage.claims import COUNTERS, LEASE_S, Claim, Kept, beat, checkpoint, kept_by
from jobtracker_core.storage.direct import start
from jobtracker_core.storage.endings import finish, known, no_run, request_cancel, requeue
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.identity import worker_identity
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.sweep import Rescued, rescue
from jobtracker_core.storage.tables import ACTIVE_STATES, collectors
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.types import LARGEST_ID

__all__ = [
    "LEASE_S",
    "UNSET",
    "Claim",
    "Kept",
    "Rescued",
    "Run",
    "beat",
    "checkpoint",
    "finish",
    "get",
    "kept_cursor",
    "list_runs",
    "request_cancel",
    "requeue",
    "rescue",
    "start",
    "worker_identity",
]


class Run(Struct, frozen=True, kw_only=True):
    """A run as it is stored.

    Attributes:
        collector: The collector's name.
        attempt: How often it was claimed; a run of a script is claimed once.
        started_at: When its first attempt began, `claimed_at` when the present one did.
        end_confirmed: The site said that there is no more.
        error_message: One line; `error_detail` is the evidence (a traceback, a sample).
        filters: What became of each word of the query; empty until the run has ended.
        believed_at: When somebody said that it was right although it had ended suspect.
    """

    id: int
    collector: str
    collector_id: int
    parent_run_id: int | None
    search_id: int | None
    state: RunState
    priority: int
    trigger: str
    requested_by: str | None
    scheduled_for: datetime
    tick_at: datetime | None
    expires_at: datetime | None
    dedup_key: str | None
    singleton_key: str | None
    concurrency_key: str
    slot: int | None
    attempt: int
    max_attempts: int
    fence: int
    worker_id: str | None
    started_at: datetime | None
    claimed_at: datetime | None
    heartbeat_at: datetime | None
    lease_expires_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None
    params: dict[str, Any]
    query: dict[str, Any]
    query_hash: str | None
    cursor: str | None
    cursor_at: datetime | None
    end_confirmed: bool
    plugin_name: str | None
    plugin_version: str | None
    limit_runtime_s: int | None
    limit_memory_mb: int | None
    limit_cpu_s: int | None
    limit_requests: int | None
    counts: Counts
    error_class: ErrorClass | None
    error_message: str | None
    error_detail: str | None
    rescue_count: int
    created_at: datetime
    filters: tuple[FilterUse, ...]
    limit_pages: int | None
    proxy_pool: str | None
    fill: dict[str, int] | None
    believed_at: datetime | None

    @property
    def summary(self) -> RunSummary:
        """The run as plugins hear of it; ValueError while it has not ended."""
        if self.finished_at is None:
            raise ValueError(f"run {self.id} has not ended: it is {self.state}")
        return RunSummary(
            id=self.id,
            collector=self.collector,
            state=self.state,
            # A run that was never claimed began and ended at once.
            started_at=self.started_at or self.finished_at,
            finished_at=self.finished_at,
            counts=self.counts,
            end_confirmed=self.end_confirmed,
            error_class=self.error_class,
            error_message=self.error_message,
            filters=self.filters,
        )


def kept_cursor(
    db: Database, *, collector: str, query_hash: str, plugin_version: str | None, now: datetime
) -> Kept | None:
    """Return where the newest ended run of the same query stopped, if a new one may go on there.

    It may if the same version of the plugin wrote the cursor, at most 24 hours ago.
    """
    with db.read() as conn:
        number = conn.execute(
            sa.select(collectors.c.id).where(collectors.c.name == collector)
        ).scalar()
        if number is None:
            return None
        return kept_by(
            conn,
            collector_id=number,
            query_hash=query_hash,
            plugin_version=plugin_version,
            now=now,
        )


def get(db: Database, run_id: int) -> Run:
    """Return a run.

    Raises:
        NotFound: There is no run of that number.
    """
    with db.read() as conn:
        row = conn.execute(_select().where(runs.c.id == known(run_id))).mappings().first()
    if row is None:
        raise no_run(run_id)
    return _to_run(row)


def list_runs(
    db: Database,
    *,
    collector: str | None = None,
    search_id: int | None = None,
    states: Sequence[RunState] = (),
    limit: int = 50,
    before: int | None = None,
) -> tuple[Run, ...]:
    """Return the newest runs first; `before` is the number of the last run of the previous page.

    Without `states`, runs of all states are returned.
    """
    few = bool(states) and {state.value for state in states} <= set(ACTIVE_STATES)
    # The few that wait or go on are found by their own indexes and sorted, not by a walk through
    # all that ever ended: the sum keeps the database from that.
    order = runs.c.id + 0 if few else runs.c.id
    statement = _select().order_by(order.desc()).limit(limit)
    if collector is not None:
        statement = statement.where(collectors.c.name == collector)
    if search_id is not None:
        statement = statement.where(runs.c.search_id == min(search_id, LARGEST_ID))
    if states:
        statement = statement.where(sa.or_(*map(_in_state, states)))
    if before is not None:
        statement = statement.where(runs.c.id < min(before, LARGEST_ID))
    with db.read() as conn:
        return tuple(_to_run(row) for row in conn.execute(statement).mappings())


def _in_state(state: RunState) -> sa.ColumnElement[bool]:
    # Spelled out, not as a parameter: only so do the databases know that a partial index will do.
    return runs.c.state == sa.literal_column(repr(RunState(state).value))


def _select() -> sa.Select[Any]:
    return sa.select(runs, collectors.c.name.label("collector")).join(
        collectors, collectors.c.id == runs.c.collector_id
    )


def _to_run(row: sa.RowMapping) -> Run:
    fields = plain(row)
    fields["counts"] = {name: fields.pop(column) for name, column in COUNTERS.items()}
    return to_struct(fields, Run)
