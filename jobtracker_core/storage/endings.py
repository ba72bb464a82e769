"""How a run ends, goes back into the queue, or is stopped."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, cast, get_args

import sqlalchemy as sa
from msgspec import UNSET, UnsetType, to_builtins
from msgspec.structs import replace
from sqlalchemy import Connection, Row

from jobtracker_core.contract.errors import ErrorClass
from jobtracker_core.contract.run import Counts, FilterUse, RunState
from jobtracker_core.storage import attempts, closings, events, pauses
from jobtracker_core.storage.attempts import NO_USAGE, Usage
from jobtracker_core.storage.claims import COUNTERS, Claim, hold, lock, totals
from jobtracker_core.storage.engine import Database, now
from jobtracker_core.storage.errors import NotFound
from jobtracker_core.storage.retry import back_off
from jobtracker_core.storage.statements import one_of
from jobtracker_core.storage.tables import FINAL_STATES
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.texts import clean
from jobtracker_core.storage.types import LARGEST_ID
from jobtracker_core.storage.wakeup import announce

MESSAGE_CHARACTERS = 500
DETAIL_CHARACTERS = 20_000


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
    filters: Sequence[FilterUse] = (),
    fill: Mapping[str, int] | UnsetType | None = UNSET,
    usage: Usage = NO_USAGE,
) -> RunState | None:
    """End a run, or have it tried again, and count the collector's failures, in one transaction.

    A run that failed of something that may pass (`retry.POLICY`) goes back to pending after a
    pause while it has attempts left; unless it was to be cancelled: then it is.
    The lease may be over already: as long as nobody took the run, its worker may still end it.
    `state` is a final one; what a run closed that ends suspect is opened again. Without
    `keep_cursor` the next run of the query begins at the front. `counts` are those since the last
    checkpoint; `filters` says what became of each word of the query; `fill` says how many of the
    postings had each field of the list, and is None where the run did not read all of it; without
    it, what `note_fill` wrote stays. Texts are cut to what the columns are for.

    Returns:
        The state that the run has now. None if it is no longer this worker's; then nothing was
        changed.
    """
    if state not in FINAL_STATES:
        raise ValueError(f"a run cannot end as {state}")
    if error_class is not None and error_class not in get_args(ErrorClass):
        raise ValueError(f"{error_class!r} is no error class")
    with db.write() as conn:
        row = lock(conn, claim)
        if row is None:
            return None
        moment = now(conn)
        done = totals(row, counts)
        values: dict[str, Any] = {
            **_left(moment, _next(row, state, error_class)),
            "error_class": error_class,
            "error_message": _text(error_message, MESSAGE_CHARACTERS),
            "error_detail": _text(error_detail, DETAIL_CHARACTERS),
            "end_confirmed": end_confirmed,
            "filters": [_kept(use) for use in filters],
            **{column: getattr(done, name) for name, column in COUNTERS.items()},
        }
        if fill is not UNSET:
            values["fill"] = None if fill is None else dict(fill)
        if not keep_cursor:
            values |= {"cursor": None, "cursor_at": None}
        _write(conn, row, values, done, outcome=state.value, usage=usage, at=moment)
        ended = RunState(values["state"])
        if ended is RunState.SUSPECT:
            _take_back_closings(conn, row.id, moment)
        _account(conn, row, ended, values, done, moment)
        _tell(conn, row.id, "put_off" if ended is RunState.PENDING else "ended", values, moment)
    return ended


def _kept(use: FilterUse) -> object:
    return to_builtins(replace(use, note=_text(use.note, MESSAGE_CHARACTERS)))


def _take_back_closings(conn: Connection, run_id: int, moment: datetime) -> None:
    opened = closings.take_back(conn, run_id, at=moment)
    if opened:
        events.note(conn, run_id, "closings_taken_back", {"jobs": opened}, at=moment)


def note_fill(db: Database, claim: Claim, fill: Mapping[str, int] | None) -> None:
    """Write what `finish` takes as `fill`, for a run that is about to end; raises LeaseLost."""
    with db.write() as conn:
        hold(conn, claim)
        conn.execute(sa.update(runs).where(runs.c.id == claim.run_id).values(fill=fill))


def _next(row: Row[Any], state: RunState, error_class: ErrorClass | None) -> timedelta | RunState:
    """Return after what time a run is tried again, or the state that it ends in."""
    after = _after(row, state, error_class)
    return _final(row, state, error_class) if after is None else after


def _after(row: Row[Any], state: RunState, error_class: ErrorClass | None) -> timedelta | None:
    """Return after what time a run is tried again; None if it is not."""
    if state is not RunState.FAILED or row.cancel_requested_at is not None:
        return None
    return back_off(error_class, row.attempt) if row.attempt < row.max_attempts else None


def _final(row: Row[Any], state: RunState, error_class: ErrorClass | None) -> RunState:
    """Return the state to end in: what would be tried again is cancelled if that was asked for."""
    wanted = row.cancel_requested_at is not None and state is RunState.FAILED
    left = row.attempt < row.max_attempts and back_off(error_class, row.attempt) is not None
    return RunState.CANCELLED if wanted and left else state


def _left(moment: datetime, to: RunState | timedelta) -> dict[str, Any]:
    """Return the columns of a run that nobody works on any more: ended, or pending for later."""
    if isinstance(to, timedelta):
        return {
            "state": "pending",
            "scheduled_for": moment + to,
            "lease_expires_at": None,
            "slot": None,
            "worker_id": None,
        }
    return {
        "state": to.value,
        "finished_at": moment,
        "lease_expires_at": None,
        "slot": None,
    }


def _write(
    conn: Connection,
    row: Row[Any],
    values: Mapping[str, Any],
    done: Counts,
    *,
    outcome: str,
    usage: Usage,
    at: datetime,
) -> None:
    conn.execute(sa.update(runs).where(runs.c.id == row.id).values(values))
    attempts.end(
        conn,
        run_id=row.id,
        fence=row.fence,
        outcome=cast("attempts.Outcome", outcome),
        totals=done,
        at=at,
        error_class=values["error_class"],
        error_message=values["error_message"],
        usage=usage,
    )
    # A slot is free now, or there is a run to be taken up.
    announce(conn)


def _account(
    conn: Connection,
    row: Row[Any],
    state: RunState,
    values: Mapping[str, Any],
    done: Counts,
    at: datetime,
) -> None:
    if state is not RunState.PENDING and row.trigger not in pauses.NOT_ITS_OWN:
        ended = pauses.Ended.of(
            row,
            state,
            done,
            error_class=values["error_class"],
            error_message=values["error_message"],
        )
        pauses.note_run(conn, ended, at=at)


def _tell(
    conn: Connection, run_id: int, kind: str, values: Mapping[str, Any], at: datetime, **more: str
) -> None:
    """Write into the run's events how an attempt ended."""
    told = {"error_class": values["error_class"], "message": values["error_message"], **more}
    bad = values["state"] in {"failed", "suspect"} or kind == "put_off"
    events.note(
        conn,
        run_id,
        kind,
        {"state": values["state"], **{k: v for k, v in told.items() if v is not None}},
        at=at,
        level="warning" if bad else "info",
    )


def requeue(
    db: Database,
    claim: Claim,
    *,
    outcome: Literal["drained", "snoozed"],
    delay_s: float = 0,
    counts: Counts | None = None,
    usage: Usage = NO_USAGE,
) -> RunState | None:
    """Give a run back unfinished, with its attempt: its worker shuts down, or it must wait.

    Neither counts as a failure. The fence stays, so that this worker's late writes are refused.
    The cursor stays too: the next attempt goes on from there. A run that was to be cancelled is.

    Returns:
        The state that the run has now. None if it is no longer this worker's; then nothing was
        changed.
    """
    with db.write() as conn:
        row = lock(conn, claim)
        if row is None:
            return None
        moment = now(conn)
        done = totals(row, counts)
        cancelled = row.cancel_requested_at is not None
        values: dict[str, Any] = {
            **_left(moment, RunState.CANCELLED if cancelled else timedelta(seconds=delay_s)),
            "error_class": "cancelled"
            if cancelled
            else "drained"
            if outcome == "drained"
            else None,
            "error_message": None,
            **{column: getattr(done, name) for name, column in COUNTERS.items()},
        }
        if not cancelled:
            values["attempt"] = max(row.attempt - 1, 0)
        _write(conn, row, values, done, outcome=outcome, usage=usage, at=moment)
        state = RunState(values["state"])
        _account(conn, row, state, values, done, moment)
        _tell(
            conn,
            row.id,
            "ended" if cancelled else "given_back",
            values,
            moment,
            reason="the worker shuts down" if outcome == "drained" else "it must wait",
        )
    return state


def _text(text: str | None, characters: int) -> str | None:
    return None if text is None else clean(text, characters)


def request_cancel(db: Database, run_id: int, *, requested_by: str | None = None) -> RunState:
    """Ask for a run to be stopped; return its state then.

    A pending run is cancelled at once, and so is one whose pages are sent here; the worker of a
    running one is told, and hears of it at its next heartbeat at the latest; one that has ended
    stays as it is.

    Raises:
        NotFound: There is no run of that number.
    """
    with db.write() as conn:
        row = conn.execute(
            sa.select(runs).where(runs.c.id == known(run_id)).with_for_update()
        ).first()
        if row is None:
            raise no_run(run_id)
        return _cancel(conn, row, requested_by)


def _cancel(conn: Connection, row: Row[Any], requested_by: str | None) -> RunState:
    state = RunState(row.state)
    if state not in {RunState.PENDING, RunState.RUNNING}:
        return state
    moment = now(conn)
    values: dict[str, Any] = {
        # The first request is the one that counts.
        "cancel_requested_at": row.cancel_requested_at or moment,
        "cancel_requested_by": row.cancel_requested_by or requested_by,
    }
    if state is RunState.PENDING:
        state = RunState.CANCELLED
        values |= {
            "state": state.value,
            "finished_at": moment,
            "error_class": "cancelled",
            "error_message": None,
        }
    elif row.trigger == "api":
        # Whoever sends its pages beats no heart by which to hear of it: the next batch is refused.
        state = RunState.CANCELLED
        values |= {**_left(moment, state), "error_class": "cancelled", "error_message": None}
        _write(conn, row, values, totals(row), outcome="cancelled", usage=NO_USAGE, at=moment)
        return state
    conn.execute(sa.update(runs).where(runs.c.id == row.id).values(values))
    if state is RunState.RUNNING:
        announce(conn)
    elif row.trigger == "probe":
        _account(conn, row, state, values, totals(row), moment)
    return state


def to_be_cancelled(db: Database, run_ids: Collection[int]) -> frozenset[int]:
    """Return those of these runs that somebody asked to be stopped."""
    if not run_ids:
        return frozenset()
    with db.read() as conn:
        wanted = sa.select(runs.c.id).where(
            one_of(conn, runs.c.id, sorted(run_ids)), runs.c.cancel_requested_at.is_not(None)
        )
        return frozenset(conn.execute(wanted).scalars())


def known(run_id: int) -> int:
    """Return a number that a run may have; raises NotFound."""
    if not 0 < run_id <= LARGEST_ID:
        raise no_run(run_id)
    return run_id


def no_run(run_id: int) -> NotFound:
    """Return the error for a number that no run has."""
    return NotFound(f"there is no run {run_id}", "List the runs to see their numbers.")
