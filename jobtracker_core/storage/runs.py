"""Runs: the row that is both the queue's entry and the record of what happened."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, get_args

import sqlalchemy as sa
from msgspec import UNSET, Struct
from sqlalchemy import Connection

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts, RunState, RunSummary
from jobtracker_core.storage.claims import (
    COUNTERS,
    LEASE_S,
    Claim,
    Kept,
    Rescued,
    added,
    beat,
    checkpoint,
    rescue,
    start,
)
from jobtracker_core.storage.collectors import note_run
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.identity import worker_identity
from jobtracker_core.storage.rows import plain, to_struct
from jobtracker_core.storage.tables import FINAL_STATES, collectors
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
    "rescue",
    "start",
    "worker_identity",
]

CURSOR_LIFE = timedelta(hours=24)
MESSAGE_CHARACTERS = 500
DETAIL_CHARACTERS = 20_000


class Run(Struct, frozen=True, kw_only=True):
    """A run as it is stored.

    Attributes:
        collector: The collector's name.
        attempt: How often it was claimed; a run of a script is claimed once.
        started_at: When its first attempt began, `claimed_at` when the present one did.
        end_confirmed: The site said that there is no more.
        error_message: One line; `error_detail` is the evidence (a traceback, a sample).
    """

    id: int
    collector: str
    collector_id: int
    parent_run_id: int | None
    search_id: int | None
    queue: str
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
    limit_pages: int | None
    proxy_pool: str | None
    fill: dict[str, int] | None

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
        )


def finish(
    db: Database,
    claim: Claim,
    *,
    state: RunState,
    error_class: ErrorClass | None = None,
    error_message: str | None = None,
    error_detail: str | None = None,
    end_confirmed: bool = False,
    keep_cursor: bool = True,
    counts: Counts | None = None,
) -> bool:
    """End a run, and count the collector's failures, in one transaction.

    The lease may be over already: as long as nobody took the run, its worker may still end it.
    `state` is a final one. Without `keep_cursor` the next run of the query begins at the front.
    `counts` are those since the last checkpoint. Texts are cut to what the columns are for.

    Returns:
        False if the run is no longer this worker's; then nothing was changed.
    """
    if state not in FINAL_STATES:
        raise ValueError(f"a run cannot end as {state}")
    if error_class is not None and error_class not in get_args(ErrorClass):
        raise ValueError(f"{error_class!r} is no error class")
    with db.write() as conn:
        moment = now(conn)
        values: dict[str, Any] = {
            "state": str(state.value),
            "finished_at": moment,
            "lease_expires_at": None,
            "slot": None,
            "error_class": error_class,
            "error_message": _text(error_message, MESSAGE_CHARACTERS),
            "error_detail": _text(error_detail, DETAIL_CHARACTERS),
            "end_confirmed": end_confirmed,
            **added(counts or Counts()),
        }
        if not keep_cursor:
            values |= {"cursor": None, "cursor_at": None}
        ended = conn.execute(
            sa.update(runs)
            .where(
                runs.c.id == claim.run_id,
                runs.c.fence == claim.fence,
                runs.c.worker_id == claim.worker_id,
                runs.c.state == "running",
            )
            .values(values)
            .returning(runs.c.collector_id, runs.c.trigger)
        ).first()
        if ended is None:
            return False
        if ended.trigger != "backfill":  # old answers say nothing of how the site is today
            note_run(conn, ended.collector_id, state=state, error_class=error_class, at=moment)
    return True


def _text(text: str | None, characters: int) -> str | None:
    if text is None:
        return None
    # Tracebacks and samples hold whatever a site sent; PostgreSQL takes neither of these.
    clean = text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
    return clean if len(clean) <= characters else clean[: characters - 1] + "…"


def kept_cursor(
    db: Database, *, collector: str, query_hash: str, plugin_version: str | None, now: datetime
) -> Kept | None:
    """Return where the newest ended run of the same query stopped, if a new one may go on there.

    It may if the same version of the plugin wrote the cursor, at most 24 hours ago.
    """
    newest = (
        sa.select(runs.c.cursor, runs.c.cursor_at, runs.c.plugin_version)
        .join(collectors, collectors.c.id == runs.c.collector_id)
        .where(
            collectors.c.name == collector,
            runs.c.query_hash == query_hash,
            runs.c.state.in_(FINAL_STATES),
            runs.c.claimed_at.is_not(None),
        )
        .order_by(runs.c.id.desc())
        .limit(1)
    )
    with db.read() as conn:
        row = conn.execute(newest).first()
    if row is None or row.cursor is None or row.plugin_version != plugin_version:
        return None
    fresh: bool = now - row.cursor_at <= CURSOR_LIFE
    return Kept(cursor=row.cursor, at=row.cursor_at) if fresh else None


def get(db: Database, run_id: int) -> Run:
    """Return a run.

    Raises:
        NotFound: There is no run of that number.
    """
    with db.read() as conn:
        row = conn.execute(_select().where(runs.c.id == _known(run_id))).mappings().first()
    if row is None:
        raise _no_run(run_id)
    return _to_run(row)


def list_runs(
    db: Database, *, collector: str | None = None, limit: int = 50, before: int | None = None
) -> tuple[Run, ...]:
    """Return the newest runs first; `before` is the number of the last run of the previous page."""
    statement = _select().order_by(runs.c.id.desc()).limit(limit)
    if collector is not None:
        statement = statement.where(collectors.c.name == collector)
    if before is not None:
        statement = statement.where(runs.c.id < min(before, LARGEST_ID))
    with db.read() as conn:
        return tuple(_to_run(row) for row in conn.execute(statement).mappings())


def request_cancel(db: Database, run_id: int, *, requested_by: str | None = None) -> RunState:
    """Ask for a run to be stopped; return its state then.

    A pending run is cancelled at once; a running one hears of it at its next heartbeat; one that
    has ended stays as it is.

    Raises:
        NotFound: There is no run of that number.
    """
    with db.write() as conn:
        state = conn.execute(
            sa.select(runs.c.state).where(runs.c.id == _known(run_id)).with_for_update()
        ).scalar()
        if state is None:
            raise _no_run(run_id)
        return _cancel(conn, run_id, RunState(state), requested_by)


def _cancel(conn: Connection, run_id: int, state: RunState, requested_by: str | None) -> RunState:
    if state not in {RunState.PENDING, RunState.RUNNING}:
        return state
    moment = now(conn)
    values: dict[str, Any] = {
        # The first request is the one that counts.
        "cancel_requested_at": sa.func.coalesce(runs.c.cancel_requested_at, moment),
        "cancel_requested_by": sa.func.coalesce(runs.c.cancel_requested_by, requested_by),
    }
    if state is RunState.PENDING:
        state = RunState.CANCELLED
        values |= {"state": state.value, "finished_at": moment, "error_class": "cancelled"}
    conn.execute(sa.update(runs).where(runs.c.id == run_id).values(values))
    return state


def _known(run_id: int) -> int:
    if not 0 < run_id <= LARGEST_ID:
        raise _no_run(run_id)
    return run_id


def _no_run(run_id: int) -> NotFound:
    return NotFound(f"there is no run {run_id}", "List the runs to see their numbers.")


def _select() -> sa.Select[Any]:
    return sa.select(runs, collectors.c.name.label("collector")).join(
        collectors, collectors.c.id == runs.c.collector_id
    )


def _to_run(row: sa.RowMapping) -> Run:
    fields = plain(row)
    fields["counts"] = {name: fields.pop(column) for name, column in COUNTERS.items()}
    return to_struct(fields, Run)
