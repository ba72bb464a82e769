"""Runs as their user sees them: what waits, what goes on, and what has been."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import Struct

from jobtracker_core.contract.query import CommonQuery
from jobtracker_core.contract.run import RunState
from jobtracker_core.plugins import forms
from jobtracker_core.plugins.discovery import Unavailable, UnknownCollector
from jobtracker_core.runner.clock import Clock
from jobtracker_core.storage import attempts, believing, events, queue, runs
from jobtracker_core.storage.attempts import Attempt
from jobtracker_core.storage.errors import Busy, NotFound
from jobtracker_core.storage.events import Event
from jobtracker_core.storage.queue import NO_LIMITS, Enqueued, Limits
from jobtracker_core.storage.runs import Run
from jobtracker_core.storage.tables import FINAL_STATES
from jobtracker_core.tracker.change import Change
from jobtracker_core.tracker.collectors import CollectorOff, site_of, turned_on
from jobtracker_core.tracker.exporting import AT_ONCE, exported
from jobtracker_core.tracker.search_form import check_limits
from jobtracker_core.tracker.stored import Installation, check_pool, fill_query

QUICKEST_S = 0.25
SLOWEST_S = 2.0
"""Seconds between two looks at a run that is watched: longer and longer while nothing happens."""

_PAGE = 200

LINES_AT_ONCE: Final = 1_000
"""Lines of a run's story that one look brings at most."""

_ANNOUNCED = 100
"""Each attempt at a run says twice at most how much there is to do."""


class Watched(Struct, frozen=True, kw_only=True):
    """A run at one moment, and what has happened since the moment before.

    Attributes:
        more: There are further lines already: look again, after the last of these.
    """

    run: Run
    events: tuple[Event, ...]
    more: bool = False

    @property
    def over(self) -> bool:
        """Whether the run has ended, and all of it is told."""
        return self.run.state in FINAL_STATES and not self.more

    def last(self, before: int = 0) -> int:
        """Return the number of the newest event; `before` where nothing has happened since."""
        return self.events[-1].id if self.events else before


class RunReport(Struct, frozen=True, kw_only=True):
    """A run with all that was tried for it, the first attempt first."""

    run: Run
    attempts: tuple[Attempt, ...]


class BulkRun(Struct, frozen=True, kw_only=True):
    """What became of one of several runs.

    Attributes:
        state: Of a run that was to be cancelled, at that moment.
        made: What a retry put into the queue, or found in its way.
        error: Why nothing was done with this one; `next` is what can be done about it.
    """

    run_id: int
    ok: bool
    state: RunState | None = None
    made: Enqueued | None = None
    error: str | None = None
    next: str | None = None


class NoRetry(Exception):  # noqa: N818
    """The run cannot be made again; `hint` is the next step."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class NotSuspect(Exception):  # noqa: N818
    """There is nothing to believe: the run is not in doubt; `hint` is the next step."""

    hint = "Only a run that ended suspect can be believed."


class Runs:
    """The queue and the history of runs, newest first."""

    def __init__(self, tracker: Installation, clock: Clock) -> None:
        self._tracker = tracker
        self._clock = clock

    def list(
        self,
        *,
        collector: str | None = None,
        search_id: int | None = None,
        states: Sequence[RunState] = (),
        limit: int = 20,
        before: int | None = None,
    ) -> tuple[Run, ...]:
        """List runs; `before` is the id that the page before ended with. No states are all."""
        return runs.list_runs(
            self._tracker.database,
            collector=collector,
            search_id=search_id,
            states=states,
            limit=limit,
            before=before,
        )

    def export(
        self,
        *,
        collector: str | None = None,
        search_id: int | None = None,
        states: Sequence[RunState] = (),
    ) -> Iterator[Run]:
        """Give all runs of a list, however many; it stands in the audit log."""
        rows = self._walk(collector=collector, search_id=search_id, states=states)
        return exported(self._tracker, "run", rows)

    def _walk(
        self, *, collector: str | None, search_id: int | None, states: Sequence[RunState]
    ) -> Iterator[Run]:
        before: int | None = None
        while True:
            page = self.list(
                collector=collector,
                search_id=search_id,
                states=states,
                limit=AT_ONCE,
                before=before,
            )
            yield from page
            if len(page) < AT_ONCE:
                return
            before = page[-1].id

    def get(self, run_id: int) -> Run:
        """Return one run; raises NotFound."""
        return runs.get(self._tracker.database, run_id)

    def enqueue(
        self,
        collector: str,
        query: CommonQuery | Mapping[str, Any],
        *,
        limits: Limits = NO_LIMITS,
        proxy_pool: str | None = None,
        priority: int | None = None,
        key: str | None = None,
    ) -> Enqueued:
        """Put a run of a query into the queue; a worker executes it.

        Of all runs that ever were, one has a `key`: asking again returns that one, with the
        outcome `same`.

        Raises CollectorOff, FormError, ConfigError, UnknownCollector and Unavailable.
        """
        source = turned_on(self._tracker, collector)
        query = fill_query(self._tracker, collector, query)
        check_pool(self._tracker, proxy_pool)
        check_limits(limits, priority=priority)
        wanted = queue.Wanted(
            collector=collector,
            trigger="manual",
            query=forms.as_words(query),
            query_hash=forms.digest(query),
            site=site_of(self._tracker, source.info),
            max_parallel=source.info.limits.max_running,
            requested_by=self._tracker.actor.label,
            dedup_key=None if key is None else f"key:{key}",
            priority=priority,
            limits=limits,
            proxy_pool=proxy_pool,
        )
        with self._tracker.change("run.enqueue", f"collector:{collector}") as change:
            return _put(change, queue.enqueue(change.db, wanted))

    def report(self, run_id: int) -> RunReport:
        """Return one run with its attempts; raises NotFound."""
        return RunReport(run=self.get(run_id), attempts=self.attempts(run_id))

    def retry(self, run_id: int) -> Enqueued:
        """Put a run that has ended into the queue once more, as a new one with the same query.

        Where a run of the same search is pending or running, that one is returned, with the
        outcome `overlap`. Raises NotFound, NoRetry (it has not ended, or asked no site),
        CollectorOff, UnknownCollector and Unavailable.
        """
        run = self.get(run_id)
        if run.finished_at is None:
            raise NoRetry(
                f"run {run_id} is {run.state}: it has not ended", "Wait for it, or cancel it."
            )
        if run.trigger == "api":
            raise NoRetry(
                f"run {run_id} was read elsewhere: its pages came in through the API",
                f"Have {run.requested_by} collect again and send them under a new key.",
            )
        if run.trigger == "backfill":
            raise NoRetry(
                f"run {run_id} read recorded answers: it asked the site for nothing",
                f"Play them once more with: jobtracker replay {run.params.get('replay', 'DIR')}",
            )
        if run.trigger == "probe":
            raise NoRetry(
                f"run {run_id} was a probe: it collected nothing",
                f"Try the collector with: jobtracker collect {run.collector}",
            )
        turned_on(self._tracker, run.collector)
        asked = self._tracker.actor.label
        with self._tracker.change("run.retry", f"run:{run_id}") as change:
            return _put(change, queue.run_again(change.db, run_id, requested_by=asked))

    def believe(self, run_id: int) -> Run:
        """Say that a suspect run is right: the site itself has changed.

        It counts as succeeded then, and what later runs are compared with begins with it. Raises
        NotFound and NotSuspect.
        """
        with self._tracker.change("run.believe", f"run:{run_id}") as change:
            other = believing.believe(change.db, run_id, by=self._tracker.actor.label)
            if other is not None:
                raise NotSuspect(f"run {run_id} is {other}, not suspect")
            return change.made(runs.get(change.db, run_id), f"run:{run_id}")

    def cancel(self, run_id: int) -> RunState:
        """Ask for a run to be stopped; return its state at that moment. Raises NotFound.

        A running one is told at once, on whatever machine it is; if that gets lost, it hears of it
        within a quarter of a minute.
        """
        with self._tracker.change("run.cancel", f"run:{run_id}") as change:
            asked = self._tracker.actor.label
            state = runs.request_cancel(change.db, run_id, requested_by=asked)
            change.note(state=state)
            return change.made(state, f"run:{run_id}")

    def all(
        self, action: Literal["cancel", "retry"], run_ids: Sequence[int]
    ) -> tuple[BulkRun, ...]:
        """Cancel or retry several runs as one change; one that cannot be done stops no other."""
        with self._tracker.change(f"run.{action}_many", "run") as change:
            one_by_one = Runs(self._tracker.within(change), self._clock)
            done = tuple(one_by_one._one(action, run_id) for run_id in dict.fromkeys(run_ids))
            change.note(runs=[one.run_id for one in done if one.ok], of=len(done))
            return change.made(done, "run")

    def _one(self, action: Literal["cancel", "retry"], run_id: int) -> BulkRun:
        try:
            if action == "cancel":
                return BulkRun(run_id=run_id, ok=True, state=self.cancel(run_id))
            return BulkRun(run_id=run_id, ok=True, made=self.retry(run_id))
        except (NotFound, Busy, NoRetry) as error:
            return BulkRun(run_id=run_id, ok=False, error=str(error), next=error.hint)
        except CollectorOff as error:
            return BulkRun(run_id=run_id, ok=False, error=str(error), next="Turn it on.")
        except (UnknownCollector, Unavailable) as error:
            return BulkRun(run_id=run_id, ok=False, error=str(error))

    def events(self, run_id: int, *, after: int = 0, limit: int | None = None) -> tuple[Event, ...]:
        """Return what happened in a run, the first first; `after` is the last one known.

        Without a limit that is all of it. Raises NotFound.
        """
        found: list[Event] = []
        while limit is None or len(found) < limit:
            most = _PAGE if limit is None else min(_PAGE, limit - len(found))
            last = found[-1].id if found else after
            page = events.list_events(self._tracker.database, run_id, after=last, limit=most)
            found += page
            if len(page) < most:
                break
        if not found:
            self.get(run_id)
        return tuple(found)

    def story(self, run_id: int) -> Iterator[Event]:
        """Give what has happened in a run until now, the first first, however much that is.

        It is read in pieces; what happens meanwhile is left out.
        """
        return self._up_to(run_id, self.before_newest(run_id, 0))

    def _up_to(self, run_id: int, last: int) -> Iterator[Event]:
        known = 0
        while known < last:
            page = events.list_events(
                self._tracker.database, run_id, after=known, limit=LINES_AT_ONCE
            )
            yield from (event for event in page if event.id <= last)
            # They may have been pruned.
            known = page[-1].id if page else last

    def look(self, run_id: int, *, after: int = 0) -> Watched:
        """Return a run as it is now, and what happened in it after an event; raises NotFound.

        That is a thousand lines at most; `more` says whether there are others.
        """
        # The run is read first: what had happened when it ended is then among the events.
        run = self.get(run_id)
        found = self.events(run_id, after=after, limit=LINES_AT_ONCE + 1)
        return Watched(run=run, events=found[:LINES_AT_ONCE], more=len(found) > LINES_AT_ONCE)

    def announced(self, run_id: int) -> tuple[Event, ...]:
        """Return those lines of a run that say how much there is to do, the first first."""
        return events.list_events(self._tracker.database, run_id, kind="expects", limit=_ANNOUNCED)

    def before_newest(self, run_id: int, count: int) -> int:
        """Return the number of the line that the newest `count` lines of a run come after.

        0 where there are no more than these.
        """
        return events.before_newest(self._tracker.database, run_id, count)

    def attempts(self, run_id: int) -> tuple[Attempt, ...]:
        """Return the attempts at a run, the first first."""
        return attempts.list_attempts(self._tracker.database, run_id)

    def watch(self, run_id: int) -> Iterator[Watched]:
        """Yield a run now, and each time that something of it has changed, until it has ended.

        Raises NotFound. It looks at the database every 0.25 to 2 seconds.
        """
        seen: Run | None = None
        last, pause = 0, QUICKEST_S
        while True:
            watched = self.look(run_id, after=last)
            if watched.events or seen is None or shown(watched.run) != shown(seen):
                yield watched
                if watched.over:
                    return
                seen, pause = watched.run, QUICKEST_S
                last = watched.last(last)
            if watched.more:
                continue
            self._clock.wait(pause)
            pause = min(pause * 2, SLOWEST_S)


def _put(change: Change, run: Enqueued) -> Enqueued:
    change.note(run=run.run_id, outcome=run.outcome)
    return change.made(run, change.target)


def shown(run: Run) -> tuple[object, ...]:
    """Return what a watcher sees of a run; heartbeats alone are no news."""
    return run.state, run.attempt, run.counts, run.cancel_requested_at
