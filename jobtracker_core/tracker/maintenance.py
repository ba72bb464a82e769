"""Keeping the database in shape: its sizes, what is forgotten, room that is given back."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from jobtracker_core.storage import backup, indexing, retention, schema, sizes, vacuum
from jobtracker_core.storage.engine import open_database
from jobtracker_core.storage.errors import NotADatabase
from jobtracker_core.storage.indexing import Reindexed
from jobtracker_core.storage.retention import Pruned, Retention
from jobtracker_core.storage.sizes import DatabaseSizes
from jobtracker_core.storage.turns import Turns
from jobtracker_core.storage.vacuum import Vacuumed, VacuumPlan
from jobtracker_core.tracker import entries
from jobtracker_core.tracker.stored import Installation

ClosedDays = Annotated[int, Meta(ge=1, le=36_500)]
PruneSeconds = Annotated[float, Meta(gt=0, le=86_400)]


class Maintenance:
    """What the database holds and takes, and what is to go of it."""

    def __init__(self, tracker: Installation) -> None:
        self._tracker = tracker

    @property
    def rules(self) -> Retention:
        """After how long things are forgotten, as the settings say."""
        own = self._tracker.settings
        return Retention(
            runs=timedelta(days=own.keep_runs_days),
            events=timedelta(days=own.keep_run_events_days),
            audit=timedelta(days=own.keep_audit_days) if own.keep_audit_days else None,
        )

    def stats(self, *, exact: bool = False) -> DatabaseSizes:
        """Say how much room each table takes; with `exact` however long it takes to count."""
        return sizes.read(self._tracker.database, exact=exact)

    def total(self) -> int:
        """Return how many bytes the database takes; quick."""
        return sizes.total(self._tracker.database)

    def prune(
        self,
        *,
        dry_run: bool = False,
        jobs_closed_before_days: int | None = None,
        seconds: float | None = None,
    ) -> Pruned:
        """Delete what the settings say is to be forgotten, as workers do by themselves each hour.

        In many short transactions: if it ends early, what was deleted is gone. The audit log says
        at first that it happened. What a person touched stays in any case.

        Args:
            dry_run: Only count what would go.
            jobs_closed_before_days: Delete jobs too that were closed so many days ago or earlier
                and that nobody touched. Without it no job goes.
            seconds: Stop after about so long; `finished` of the answer says whether it was done.

        Raises FormError naming what is wrong, and Busy.
        """
        days = entries.check_value(
            "jobs_closed_before_days", jobs_closed_before_days, ClosedDays | None
        )
        limit = entries.check_value("seconds", seconds, PruneSeconds | None)
        closed = None if days is None else timedelta(days=days)
        rules = replace(self.rules, closed_jobs=closed)
        if not dry_run:
            with self._tracker.change("database.prune") as change:
                change.note(jobs_closed_before_days=days)
        end = None if limit is None else time.monotonic() + limit
        turns = Turns(lambda: end is not None and time.monotonic() > end)
        return retention.prune(
            self._tracker.database, rules, actor=self._tracker.actor, dry_run=dry_run, turns=turns
        )

    def reindex(
        self,
        *,
        queue_only: bool = False,
        on_progress: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> Reindexed:
        """Make the index of words anew, from every stored job, while everything goes on.

        What is found now stays found until it is replaced. If it is broken off, workers go on; a
        second one begins anew.

        Args:
            queue_only: Leave the work to the workers.
            on_progress: Told how many of how many jobs are done, after each batch.
        """
        with self._tracker.change("database.reindex"):
            pass
        return indexing.rebuild(
            self._tracker.database, queue_only=queue_only, on_progress=on_progress
        )

    def backup(self, path: Path) -> int:
        """Write a copy of a SQLite database to a new file, while others go on; return its bytes.

        One of an older program is copied as it is, without a row in its audit log: that is wanted
        before an upgrade.

        Raises NotWritable, also where the audit log cannot say so, NotADatabase where there is
        none, and NotAllowed on PostgreSQL, where `pg_dump` does it. No file is left then.
        """
        with closing(open_database(self._tracker.settings.database)) as as_it_is:
            state = schema.check(as_it_is).state
            if state == "empty":
                raise NotADatabase(
                    f"{as_it_is.display_url}: there is nothing to copy", "Name another database."
                )
            if state == "behind":
                return backup.write(as_it_is, path)
        size = backup.write(self._tracker.database, path)
        try:
            with self._tracker.change("database.backup") as change:
                change.note(bytes=size)
        except BaseException:
            path.unlink()
            raise
        return size

    def plan_vacuum(self) -> VacuumPlan:
        """Say what `vacuum()` would need, and what goes on; change nothing."""
        return vacuum.plan(self._tracker.database)

    def vacuum(self, *, while_running: bool = False) -> Vacuumed:
        """Give room back to the disk, however long it takes.

        On SQLite nobody can write meanwhile. Raises NotWritable where the disk has not got the room
        that it takes, and Busy where runs go on, unless `while_running`.
        """
        done = vacuum.run(self._tracker.database, while_running=while_running)
        with self._tracker.change("database.vacuum") as change:
            change.note(before=done.before, after=done.after)
        return done
