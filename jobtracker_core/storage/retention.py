"""What is forgotten, and after how long: all of it, in short transactions."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from msgspec import Struct

from jobtracker_core.storage import (
    audit_pruning,
    job_pruning,
    logins,
    pruning,
    rates,
    request_keys,
)
from jobtracker_core.storage.account_tables import login_attempts, sessions, setup_codes
from jobtracker_core.storage.audit import Actor
from jobtracker_core.storage.engine import Database
from jobtracker_core.storage.queue_tables import ingest_batches, run_events
from jobtracker_core.storage.sessions import is_open
from jobtracker_core.storage.tables import FINAL_STATES
from jobtracker_core.storage.tables import collector_runs as runs
from jobtracker_core.storage.turns import Turns, forget, forget_before


class Retention(Struct, frozen=True, kw_only=True):
    """After how long things are forgotten.

    Attributes:
        runs: Runs that ended, with their attempts; the newest of each search stay.
        events: What runs told, also of those that stay.
        audit: The audit log; None keeps it for good.
        closed_jobs: Jobs that were closed and that nobody touched; None keeps them for good.
    """

    runs: timedelta
    events: timedelta
    audit: timedelta | None = None
    closed_jobs: timedelta | None = None


class Pruned(Struct, frozen=True, kw_only=True):
    """How many rows are gone; of a trial, how many would go, with what belongs to them.

    Attributes:
        finished: False if it was stopped before its end: there may be more.
        runs: With their attempts, events and batches, which are not counted on their own.
        run_events: Of runs that stay; in a trial those of runs that would go are among them.
        ingest_batches: Answers to batches of runs that ended days ago.
        workers: Processes that are gone.
        audit_entries: Rows of the audit log.
        request_keys: Idempotency keys whose time is over.
        request_paces: Senders of requests that have sent none for a day.
        login_attempts: Tries to log in that count no more.
        sessions: Browsers' sessions that are over.
        setup_codes: Codes that are over.
        jobs: With their texts and changes.
    """

    finished: bool = True
    runs: int = 0
    run_events: int = 0
    ingest_batches: int = 0
    workers: int = 0
    audit_entries: int = 0
    request_keys: int = 0
    request_paces: int = 0
    login_attempts: int = 0
    sessions: int = 0
    setup_codes: int = 0
    jobs: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """What there was to delete, by name."""
        numbers = {name: getattr(self, name) for name in self.__struct_fields__[1:]}
        return {name: number for name, number in numbers.items() if number}


def prune(
    db: Database,
    rules: Retention,
    *,
    actor: Actor,
    dry_run: bool = False,
    turns: Turns | None = None,
) -> Pruned:
    """Delete what the rules say, until it is done or `turns` say stop.

    With `dry_run` it only counts. Any number of processes may do it at once. Of what a person made
    nothing ever goes.
    """
    turns = turns or Turns()
    present = db.present()
    old_runs = pruning.prune(db, keep=rules.runs, turns=turns, dry_run=dry_run)
    small = {
        name: forget(db, table, which, turns, dry_run=dry_run)
        for name, table, which in _over(present)
    }
    return Pruned(
        runs=old_runs.runs,
        workers=old_runs.workers,
        run_events=forget_before(
            db, run_events, present - rules.events, turns, dry_run=dry_run, unless=_told_of()
        ),
        request_keys=request_keys.prune(db, turns, dry_run=dry_run),
        request_paces=rates.prune(db, turns, dry_run=dry_run),
        **small,
        audit_entries=0
        if rules.audit is None
        else audit_pruning.prune(db, present - rules.audit, turns, actor=actor, dry_run=dry_run),
        jobs=0
        if rules.closed_jobs is None
        else job_pruning.prune(db, present - rules.closed_jobs, turns, dry_run=dry_run),
        finished=not turns.stop(),
    )


def _over(present: datetime) -> tuple[tuple[str, sa.Table, sa.ColumnElement[bool]], ...]:
    """Return what is of no use any more: names, tables and which rows of them."""
    ended = sa.select(runs.c.id).where(runs.c.finished_at < present - request_keys.KEPT)
    longest = max(logins.PER_ACCOUNT[1], logins.PER_ADDRESS[1])
    return (
        ("ingest_batches", ingest_batches, ingest_batches.c.run_id.in_(ended)),
        ("login_attempts", login_attempts, login_attempts.c.at <= present - longest),
        ("sessions", sessions, sa.not_(is_open(present))),
        ("setup_codes", setup_codes, setup_codes.c.expires_at <= present),
    )


def _told_of() -> sa.ColumnElement[bool]:
    """Say of a line that its run goes on, or that its run was recorded."""
    recorded = sa.cast(runs.c.params, sa.Text).contains('"record"')
    spared = sa.or_(runs.c.state.not_in(FINAL_STATES), recorded)
    return run_events.c.run_id.in_(sa.select(runs.c.id).where(spared))
